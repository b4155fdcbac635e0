public import ArgumentParser
public import CohortActions
import CohortCore
public import CohortDrawing
import CohortSystem
import Foundation

/// `cohort map draw`
struct MapDraw: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "draw", abstract: "Draw a map as a page to walk about in, or as a picture.",
    discussion: examples(
      "cohort map draw overview map.html", "cohort map draw overview map.png --colour length --theme dark",
      "cohort map draw overview map.svg --colour task --label terms",
      "cohort map draw overview - --as png --width 800 --height 600 > small.png",
      text: """
        A page is one file that needs no network: zoom, search, choose other colours, hold the mouse over a point to read \
        the beginning of its sample. Whoever gets the page has those texts, up to 100,000 of them. The file appears when it \
        is complete, in place of one that has its name. Samples that were deleted are not drawn.
        """))

  @Argument(help: "The map.", completion: StoreNames.maps) var name: String
  @Argument(
    help: "Where to draw: a name that ends in .html, .png or .svg; - for standard output, with --as.",
    completion: .file(extensions: DrawingForm.allCases.map(\.rawValue)))
  var file: String
  @Option(help: "What colours mean. A page offers the others, too.") var colour = MapDrawAction.Colour.group
  @Option(help: "Write the words that set each group apart into the map.") var label: MapDrawAction.Label?
  @Option(help: ArgumentHelp("Pixels of a picture: 1600 unless given.", valueName: "pixels")) var width: Int?
  @Option(help: ArgumentHelp("Pixels of a picture: 1200 unless given.", valueName: "pixels")) var height: Int?
  @Option(help: "The background of a picture: light unless given.") var theme: DrawingTheme?
  @Option(name: .customLong("as"), help: "What to draw, whatever the file is called.") var form: DrawingForm?
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    let action = MapDrawAction(
      name, as: try drawingForm, colour: colour, label: label, width: width, height: height, theme: theme)
    guard file != "-" else { return try print(action, session) }
    let report = try session.perform(action) {
      try action.run(on: $0, $1, path: file, output: .standardOutput)
    }
    session.progress.finish()
    if let note = report.note { session.progress.note(note) }
    try session.output.record(report.record(file: file))
    return .done
  }

  private var drawingForm: DrawingForm {
    get throws {
      if let form { return form }
      guard file != "-" else {
        throw CohortError.usage(
          "Standard output has no name that tells what to draw", hint: "Add --as html, --as png or --as svg")
      }
      return try DrawingForm(path: file)
    }
  }

  /// Draws to standard output, unless a person would get it on the screen.
  private func print(_ action: MapDrawAction, _ session: Session) throws -> Outcome {
    guard isatty(STDOUT_FILENO) == 0 else {
      throw CohortError.usage(
        "A drawing is not written to a terminal", hint: "Name a file, or send standard output into one: > map.html")
    }
    let (bytes, report) = try session.perform(action) { try action.drawn(on: $0, $1) }
    session.progress.finish()
    if let note = report.note { session.progress.note(note) }
    let sink = ByteSink(descriptor: STDOUT_FILENO, name: "standard output")
    try sink.write { $0 += bytes }
    try sink.flush()
    session.progress.tell("drew \(report.samples) samples")
    return .done
  }
}

extension MapDrawAction.Colour: ExpressibleByArgument {}
extension MapDrawAction.Label: ExpressibleByArgument {}
extension DrawingForm: ExpressibleByArgument {}
extension DrawingTheme: ExpressibleByArgument {}
