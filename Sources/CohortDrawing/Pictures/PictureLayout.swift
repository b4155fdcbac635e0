public import CohortCore

/// How large a picture is, and on which background it stands.
public struct PictureOptions: Sendable {
  /// In pixels.
  public var width: Int
  public var height: Int
  public var theme: DrawingTheme

  public init(width: Int = 1600, height: Int = 1200, theme: DrawingTheme = .light) {
    (self.width, self.height, self.theme) = (width, height, theme)
  }

  /// - Throws: `drawing.size` below 320 or above 16,384 pixels a side, and above 100 million pixels.
  public func check() throws(CohortError) {
    guard (320...16_384).contains(width), (320...16_384).contains(height), width * height <= 100_000_000 else {
      throw CohortError(.drawingSize, "A picture of \(width) x \(height) pixels cannot be drawn")
    }
  }
}

/// Where things stand in a picture: the title above, the map below it, the legend beside it, the notes at the foot.
struct PictureLayout {
  static let margin = 24
  static let lineHeight = 26
  /// Of a letter with its tail, in pixels.
  static let letterHeight = 18
  /// Names in a legend; the rest is told as a number.
  static let mostNames = 24

  /// A line of the legend.
  struct Entry: Equatable {
    let colour: Colour
    let name: String
  }

  /// A text with its upper left corner.
  struct Line: Equatable {
    let text: String
    let x: Int
    let y: Int
  }

  let options: PictureOptions
  /// The square in which the points lie, and where it stands.
  let side: Int
  let left: Int
  let top: Int
  /// Of the legend.
  let legendLeft: Int
  let legendTop: Int
  let title: String
  /// What the colours mean: the column's name. Empty without colours.
  let heading: String
  let entries: [Entry]
  /// Below the entries: what has no room.
  let remainder: String
  /// The values at the ends, the quarters and the middle of a ramp. Empty for categories.
  let ticks: [String]
  let notes: [Line]
  let labels: [Line]

  /// - Parameter colours: of the drawing.
  init(_ drawing: MapDrawing, _ colours: PointColours, plane: MapPlane, notes: [String], _ options: PictureOptions) {
    let margin = Self.margin
    func cut(_ text: String, _ width: Int) -> String { Self.cut(text, width) }
    self.options = options
    let legendWidth = colours.heading.isEmpty ? 0 : min(360, options.width / 3)
    let textWidth = options.width - 2 * margin
    let lines = notes.flatMap { Self.wrapped($0, textWidth) }.prefix(4)
    let foot = lines.isEmpty ? 0 : lines.count * Self.lineHeight + margin / 2
    let head = margin + Self.lineHeight + margin / 2
    let room = (width: options.width - 2 * margin - legendWidth, height: options.height - head - foot - margin)
    side = max(1, min(room.width, room.height) - 2 * margin)
    left = margin + (room.width - side) / 2
    top = head + (room.height - side) / 2
    legendLeft = options.width - margin - legendWidth + margin
    legendTop = head
    title = cut(drawing.title, textWidth)
    heading = cut(colours.heading, legendWidth - margin)
    let fitting = max(1, (options.height - legendTop - foot - margin) / Self.lineHeight - 3)
    let shown = colours.entries.prefix(min(Self.mostNames, fitting))
    entries = shown.map { entry in
      let count = " (\(entry.count))"
      let room = legendWidth - margin - 30 - PixelFont.width(count, scale: 2)
      return Entry(colour: entry.colour, name: cut(entry.name, room) + count)
    }
    let rest = colours.entries.count - shown.count
    remainder = rest > 0 ? cut("and \(rest) more", legendWidth - margin) : ""
    ticks = colours.ticks
    let notesTop = options.height - margin - lines.count * Self.lineHeight + (Self.lineHeight - Self.letterHeight)
    self.notes = lines.enumerated().map { Line(text: $1, x: margin, y: notesTop + $0 * Self.lineHeight) }
    let frame = (left: 4, top: head, right: options.width - margin - legendWidth, bottom: options.height - foot - 4)
    labels = Self.placed(drawing.labels, frame: frame) { [left, top, side] label in
      let place = plane.place(x: label.x, y: label.y)
      return (left + place.x * side / MapPlane.last, top + place.y * side / MapPlane.last)
    }
  }

  /// Quarters of pixels from the upper left corner of the square, for a point of the plane.
  func quarter(_ place: (x: Int, y: Int)) -> (x: Int, y: Int) {
    (place.x * 4 * side / (MapPlane.last + 1), place.y * 4 * side / (MapPlane.last + 1))
  }

  /// The labels that have room, the first ones first: none overlaps another, none leaves the frame.
  private static func placed(
    _ labels: [MapDrawing.Label], frame: (left: Int, top: Int, right: Int, bottom: Int),
    at middle: (MapDrawing.Label) -> (x: Int, y: Int)
  ) -> [Line] {
    // So many that the points are still seen between them.
    let most = max(6, (frame.right - frame.left) * (frame.bottom - frame.top) / 40_000)
    var taken: [(left: Int, top: Int, right: Int, bottom: Int)] = []
    var lines: [Line] = []
    for label in labels where lines.count < most {
      let text = cut(label.text, 360)
      let width = PixelFont.width(text, scale: 2)
      guard width > 0, frame.right - frame.left > width else { continue }
      let place = middle(label)
      let x = min(max(place.x - width / 2, frame.left), frame.right - width)
      let y = min(max(place.y - letterHeight / 2, frame.top), frame.bottom - letterHeight)
      let own = (left: x - 8, top: y - 8, right: x + width + 8, bottom: y + letterHeight + 8)
      let isFree = taken.allSatisfy {
        own.left >= $0.right || own.right <= $0.left || own.top >= $0.bottom || own.bottom <= $0.top
      }
      guard isFree else { continue }
      taken.append(own)
      lines.append(Line(text: text, x: x, y: y))
    }
    return lines
  }

  /// What fits into so many pixels; what was cut ends in three dots.
  static func cut(_ text: String, _ width: Int) -> String {
    let most = max(0, width / (2 * PixelFont.advance))
    let scalars = text.unicodeScalars
    guard scalars.count > most else { return text }
    var result = String.UnicodeScalarView()
    result.append(contentsOf: scalars.prefix(max(0, most - 3)))
    return String(result) + String(repeating: ".", count: min(3, most))
  }

  /// Lines that fit into so many pixels, broken at spaces.
  private static func wrapped(_ text: String, _ width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, PixelFont.width(line + " " + word, scale: 2) > width {
        lines.append(line)
        line = ""
      }
      line += line.isEmpty ? String(word) : " " + word
    }
    if !line.isEmpty { lines.append(line) }
    return lines.map { cut($0, width) }
  }
}
