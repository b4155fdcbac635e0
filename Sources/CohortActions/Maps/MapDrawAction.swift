internal import CohortCore
public import CohortDrawing
public import CohortPipeline
public import CohortStore
public import Foundation

/// `map draw`: a map as a page to walk about in, or as a picture.
public struct MapDrawAction: Action {
  /// What the samples of a map can be coloured by. A page has all of them.
  public enum Colour: String, CaseIterable, Sendable {
    case group, task, source, length, age
  }

  /// Words that can stand in a map.
  public enum Label: String, CaseIterable, Sendable {
    /// Those that set each group apart.
    case terms
  }

  public static let name = "map draw"
  public var access: ActionAccess { .reads }
  /// Name of the map.
  public var map: String
  public var form: DrawingForm
  /// What is shown first.
  public var colour: Colour
  /// Nil for none.
  public var label: Label?
  /// In pixels, of a picture; nil for 1600 and 1200.
  public var width: Int?
  public var height: Int?
  /// Of a picture; nil for light.
  public var theme: DrawingTheme?

  public init(
    _ map: String, as form: DrawingForm, colour: Colour = .group, label: Label? = nil, width: Int? = nil,
    height: Int? = nil, theme: DrawingTheme? = nil
  ) {
    (self.map, self.form, self.colour, self.label) = (map, form, colour, label)
    (self.width, self.height, self.theme) = (width, height, theme)
  }

  /// Draws the map into a file that appears when it is complete, in place of one that has its name.
  /// - Parameter output: takes the bytes when the path is `-`.
  /// - Throws: as `drawn`; `pipeline.export` when the file cannot be written: nothing of it is left then.
  public func run(on store: Store, _ control: JobControl, path: String, output: FileHandle) throws -> MapDrawReport {
    _ = try options
    // A folder that nobody may write is found out before the work.
    let file = try ExportFile(path, output)
    do {
      let (bytes, report) = try drawn(on: store, control)
      try file.write(Data(bytes))
      try file.finish()
      return report
    } catch {
      file.abandon()
      throw error
    }
  }

  /// - Returns: the page or the picture, and what is to be said of it. The same state of the store gives the same bytes.
  /// - Throws: as `MapTraits` and `MapTexts`; `drawing.size`; `cli.usage` for a page with a size.
  /// - Complexity: O(samples of the store); O(pixels) for pictures.
  public func drawn(on store: Store, _ control: JobControl) throws -> (bytes: [UInt8], report: MapDrawReport) {
    let options = try options
    let traits = try MapTraits(store, map: map)
    try control.checkpoint()
    let points = traits.points
    let hasTexts = form == .html && points.ids.count <= MapDrawing.mostTexts
    let texts = hasTexts ? try MapTexts.beginnings(of: points.ids, in: store, control) : []
    let bytes = try drawing(traits, texts).drawn(as: form, options)
    try control.checkpoint()
    return (
      bytes,
      MapDrawReport(
        map: points.map.name, form: form, colour: colour, samples: points.ids.count, unplaced: traits.unplaced,
        texts: texts.count, bytes: bytes.count)
    )
  }

  private var options: PictureOptions {
    get throws {
      let standard = PictureOptions()
      guard form != .html || (width == nil && height == nil && theme == nil) else {
        throw CohortError.usage(
          "A page has no width, height or theme of its own",
          hint: "It fills its window and is as light or dark as the reader's system; only png and svg have them")
      }
      let options = PictureOptions(
        width: width ?? standard.width, height: height ?? standard.height, theme: theme ?? standard.theme)
      try options.check()
      return options
    }
  }

  private func drawing(_ traits: MapTraits, _ texts: [String]) throws -> MapDrawing {
    let points = traits.points
    let columns: [MapDrawing.Column] = Colour.allCases.map { colour in
      let values: MapDrawing.Column.Values =
        switch colour {
        case .group: Self.categories(traits.groups)
        case .task: Self.categories(traits.tasks)
        case .source: Self.categories(traits.sources)
        case .length: .scalars(traits.lengths, unit: traits.lengthUnit)
        case .age: .scalars(traits.ages, unit: "samples since")
        }
      return MapDrawing.Column(colour.rawValue, values)
    }
    let words = traits.words.map { $0.prefix(3).joined(separator: ", ") }
    return try MapDrawing(
      title: points.map.name, x: points.xs, y: points.ys, ids: points.ids, columns: columns,
      colour: Colour.allCases.firstIndex(of: colour), texts: texts,
      labels: label == nil ? [] : MapDrawing.labels(words, of: traits.groups.of, x: points.xs, y: points.ys),
      notes: notes(traits, hasTexts: !texts.isEmpty))
  }

  private static func categories(_ names: MapTraits.Names) -> MapDrawing.Column.Values {
    .categories(of: names.of, names: names.names)
  }

  /// What stands below the map.
  private func notes(_ traits: MapTraits, hasTexts: Bool) -> [String] {
    let count = traits.points.ids.count
    guard count > 0 else { return ["The map has no samples."] }
    var notes = ["\(count) sample\(count == 1 ? "" : "s") of grouping \(traits.points.grouping)."]
    if form == .html, !hasTexts { notes.append("Of so many, texts are left out: look them up by their ids.") }
    return notes
  }
}

/// What was drawn.
public struct MapDrawReport: Sendable {
  public let map: String
  public let form: DrawingForm
  public let colour: MapDrawAction.Colour
  /// Points of the map.
  public let samples: Int
  /// Samples of the store that have no place in it.
  public let unplaced: UInt64
  /// Samples whose beginnings are in the file.
  public let texts: Int
  /// Of the page or the picture.
  public let bytes: Int

  /// All of it, with where it went.
  public func record(file: String) -> ReportRecord {
    [
      "file": .text(file), "map": .text(map), "form": .text(form.rawValue), "colour": .text(colour.rawValue),
      "samples": .count(samples), "unplaced": .count(unplaced), "texts": .count(texts), "bytes": .count(bytes),
    ]
  }

  /// What people should know of samples that are not there; nil when there is nothing.
  public var note: String? {
    guard unplaced > 0 else { return nil }
    let who = unplaced == 1 ? "1 sample of the store has" : "\(unplaced) samples of the store have"
    return "\(who) no place in the map; cohort map update gives places to those whose turn has come"
  }
}

extension DrawingForm {
  /// As the header of an answer names it.
  public var mediaType: String {
    switch self {
    case .html: "text/html; charset=utf-8"
    case .png: "image/png"
    case .svg: "image/svg+xml"
    }
  }
}
