extension MapDrawing {
  /// The map as one HTML page that needs nothing else, not even a network: to zoom, to pan, to search, with what is known of
  /// the point under the mouse.
  ///
  /// Places are fixed-point numbers of 24 bits; up to `mostTexts` points have their texts, clipped to `textLength`
  /// characters, each stored once; beyond `mostPagePoints` an even part of the points is shown. A policy in the page lets it
  /// run its own script alone (named by its SHA-256) and fetch nothing.
  /// - Returns: UTF-8: about 35 kB, 8 bytes for each point, 1.4 to 2.7 for each of its categories, 6.7 for each number, up to
  ///   4 for its id if ids have gaps, and its text. Depends on the drawing alone.
  /// - Complexity: O(points), O(points · log points) for numbers.
  public func page() -> [UInt8] {
    let (drawing, every) = thinned(to: Self.mostPagePoints)
    return MapPage(drawing, every: every, of: count).bytes
  }
}

/// Puts a page together: words, data, script.
struct MapPage {
  private let drawing: MapDrawing
  private let every: Int
  private let whole: Int
  private let ids: IdColumn
  /// Of each column.
  private let colours: [Colours]

  private enum Colours {
    case categories(CategoryColours)
    case scalars(ScalarColours)
  }

  /// - Parameters:
  ///   - every: that the drawing is every so-manieth point of the whole.
  ///   - whole: points of the whole.
  init(_ drawing: MapDrawing, every: Int, of whole: Int) {
    (self.drawing, self.every, self.whole) = (drawing, every, whole)
    ids = IdColumn(drawing.ids)
    colours = drawing.columns.map { column in
      switch column.values {
      case .categories(let of, let names): .categories(CategoryColours(of: of, names: names))
      case .scalars(let values, _): .scalars(ScalarColours(values))
      }
    }
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(65_536 + drawing.count * 24)
    let title = MarkupText.escaped(drawing.title)
    bytes +=
      """
      <!doctype html>
      <html lang="en"><head><meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="\(Self.policy)">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(title)</title>
      <style>\(Self.style)</style></head><body>
      <main><canvas id="points"></canvas><canvas id="marks" tabindex="0" role="application" aria-label="\(title)" \
      aria-describedby="help"></canvas>
      <div id="card" hidden></div><p id="loading">Loading …</p>
      <noscript><p>This map is drawn by a script, which is switched off here.</p></noscript></main>
      <aside><h1>\(title)</h1><p id="count"></p>
      <label>Search <input id="query" type="search" autocomplete="off" spellcheck="false" \
      placeholder="words, a name, an id"></label>
      <p id="found" role="status"></p><ol id="results"></ol>
      <label>Colour <select id="column"></select></label><div id="legend"></div>
      <p class="tools"><button id="whole" type="button">Whole map</button>
      <button id="words" type="button" aria-pressed="true">Labels</button>
      <button id="theme" type="button">Light or dark</button></p>
      <div id="notes">\(notes)</div>
      <p id="help">Mouse: wheel zooms, dragging moves, a click keeps the card. Keys, with the map in focus: arrows move, \
      + and − zoom, 0 shows the whole map, the card is of the point nearest to the middle; Enter keeps it, Escape lets go; \
      / searches.</p><p id="said" role="status"></p></aside>

      """.utf8
    appendMeta(to: &bytes)
    appendPoints(to: &bytes)
    bytes += "<script>\(Self.script)</script></body></html>\n".utf8
    return bytes
  }

  /// Nothing from elsewhere, and of what is here only this style and this script.
  static var policy: String {
    "default-src 'none'; style-src 'sha256-\(Base64.text(SHA256.digest(Array(style.utf8))))'; "
      + "script-src 'sha256-\(Base64.text(SHA256.digest(Array(script.utf8))))'; base-uri 'none'; form-action 'none'"
  }

  private var notes: String {
    var all = drawing.notes
    if every > 1 { all.insert("Of \(whole) points every \(Self.ordinal(every)) is shown.", at: 0) }
    return all.map { "<p>\(MarkupText.escaped($0))</p>" }.joined()
  }

  private static func ordinal(_ number: Int) -> String {
    number == 2 ? "second" : number == 3 ? "third" : "\(number)th"
  }

  // MARK: Data

  /// Names, colours and labels: all that is not there for each point.
  private func appendMeta(to bytes: inout [UInt8]) {
    open("meta", "application/json", to: &bytes)
    bytes += "{\"count\":\(drawing.count),\"colour\":\(drawing.colour.map { "\($0)" } ?? "null"),".utf8
    bytes += "\"plain\":\(CategoryColours.distinct[0].rgb),\"ids\":\(ids.json),".utf8
    bytes += "\"texts\":\(!drawing.texts.isEmpty),\"ramps\":{".utf8
    bytes += "\"light\":\(Self.list(ScalarColours.ramp(.light).map(\.rgb))),".utf8
    bytes += "\"dark\":\(Self.list(ScalarColours.ramp(.dark).map(\.rgb)))},\"columns\":[".utf8
    for (index, column) in drawing.columns.enumerated() {
      bytes += (index > 0 ? ",\n{\"name\":" : "\n{\"name\":").utf8
      MarkupText.appendJSON(column.name, to: &bytes)
      switch (column.values, colours[index]) {
      case (.categories(_, let names), .categories(let categories)):
        bytes += ",\"order\":\(Self.list(categories.order)),\"counts\":\(Self.list(categories.counts)),".utf8
        bytes += "\"colours\":\(Self.list(categories.colours.map(\.rgb))),\"width\":\(Self.width(names.count)),".utf8
        bytes += "\"names\":".utf8
        appendList(names, to: &bytes)
      case (.scalars(_, let unit), .scalars(let scalars)):
        let ticks = scalars.ticks.map { PointColours.number($0) }.joined(separator: ",")
        bytes += ",\"ticks\":[\(ticks)],\"unit\":".utf8
        MarkupText.appendJSON(unit, to: &bytes)
      default: continue
      }
      bytes.append(UInt8(ascii: "}"))
    }
    bytes += "\n],\"labels\":[".utf8
    let plane = MapPlane(drawing)
    for (index, label) in drawing.labels.enumerated() {
      let place = plane.place(x: label.x, y: label.y)
      bytes += (index > 0 ? ",\n[" : "\n[").utf8
      MarkupText.appendJSON(MarkupText.clipped(label.text, to: 80), to: &bytes)
      bytes += ",\(place.x),\(place.y)]".utf8
    }
    bytes += "\n]}".utf8
    close(to: &bytes)
  }

  /// What is there for each point.
  private func appendPoints(to bytes: inout [UInt8]) {
    let plane = MapPlane(drawing)
    let (x, y) = (plane.across(drawing.x), plane.down(drawing.y))
    appendBlock("x", FixedBytes.packed(x, width: 3), to: &bytes)
    appendBlock("y", FixedBytes.packed(y, width: 3), to: &bytes)
    appendBlock("ids", ids.bytes, to: &bytes)
    for (index, column) in drawing.columns.enumerated() {
      switch (column.values, colours[index]) {
      case (.categories(let of, let names), _):
        appendBlock("c\(index)", FixedBytes.packed(of, width: Self.width(names.count)), to: &bytes)
      case (.scalars(let values, _), .scalars(let scalars)):
        appendBlock("c\(index)", scalars.levels, to: &bytes)
        appendBlock("v\(index)", FixedBytes.packed(values.map(\.bitPattern), width: 4), to: &bytes)
      case (.scalars, .categories): continue
      }
    }
    guard !drawing.texts.isEmpty else { return }
    open("texts", "application/json", to: &bytes)
    appendList(drawing.texts.map { MarkupText.clipped($0, to: MapDrawing.textLength) }, to: &bytes)
    close(to: &bytes)
  }

  private func appendBlock(_ id: String, _ block: [UInt8], to bytes: inout [UInt8]) {
    open(id, "text/plain", to: &bytes)
    Base64.append(block, to: &bytes)
    close(to: &bytes)
  }

  private func appendList(_ texts: [String], to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "["))
    for (index, text) in texts.enumerated() {
      if index > 0 { bytes += ",\n".utf8 }
      MarkupText.appendJSON(text, to: &bytes)
    }
    bytes.append(UInt8(ascii: "]"))
  }

  private func open(_ id: String, _ type: String, to bytes: inout [UInt8]) {
    bytes += "<script type=\"\(type)\" id=\"\(id)\">".utf8
  }

  private func close(to bytes: inout [UInt8]) { bytes += "</script>\n".utf8 }

  private static func list(_ numbers: [some BinaryInteger]) -> String {
    "[\(numbers.map { "\($0)" }.joined(separator: ","))]"
  }

  /// Bytes of a place among so many names.
  private static func width(_ names: Int) -> Int { names <= 1 << 8 ? 1 : names <= 1 << 16 ? 2 : 4 }
}

/// The ids of a page's points: nothing but the first where each is one more than the one before, else as many bytes each as
/// the greatest needs, the lowest first.
struct IdColumn {
  /// `{"first":"7"}` or `{"width":3}`.
  let json: String
  let bytes: [UInt8]

  init(_ ids: [UInt64]) {
    let first = ids.first ?? 0
    if first <= .max - UInt64(ids.count), ids.indices.allSatisfy({ ids[$0] == first + UInt64($0) }) {
      (json, bytes) = ("{\"first\":\"\(first)\"}", [])
      return
    }
    let width = max(1, 8 - (ids.max() ?? 0).leadingZeroBitCount / 8)
    (json, bytes) = ("{\"width\":\(width)}", FixedBytes.packed(ids, width: width))
  }
}
