public import CohortCore

extension MapDrawing {
  /// Beyond this many points an SVG holds them as one embedded picture: 20,000.
  public static let mostVectorPoints = 20_000

  /// The map as an SVG file (1.1): points up to `mostVectorPoints` as discs, more as an embedded PNG; labels, legend, title
  /// and notes are always text.
  /// - Returns: the file, in UTF-8. With an embedded picture its bytes depend on the release of zlib, too.
  /// - Throws: `drawing.size`, `drawing.compression`.
  /// - Complexity: as `png`; about 12 bytes for each disc.
  public func svg(_ options: PictureOptions = PictureOptions()) throws(CohortError) -> [UInt8] {
    try options.check()
    let colours = PointColours(self, options.theme)
    let plane = MapPlane(self)
    let layout = PictureLayout(self, colours, plane: plane, notes: notes, options)
    let theme = options.theme
    let (width, height) = (options.width, options.height)
    var bytes = Array(
      """
      <svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="\(width)" \
      height="\(height)" viewBox="0 0 \(width) \(height)" font-family="system-ui, sans-serif" font-size="17" \
      fill="\(theme.text.hexadecimal)">
      <title>\(MarkupText.escaped(title))</title>
      <rect width="\(width)" height="\(height)" fill="\(theme.background.hexadecimal)"/>

      """.utf8)
    if count > Self.mostVectorPoints {
      try appendImage(colours, plane, layout, to: &bytes)
    } else {
      appendDiscs(colours, plane, layout, to: &bytes)
    }
    let margin = PictureLayout.margin
    append(.init(text: layout.title, x: margin, y: margin), "font-weight=\"600\"", to: &bytes)
    let halo =
      "stroke=\"\(theme.background.hexadecimal)\" stroke-width=\"4\" stroke-linejoin=\"round\" paint-order=\"stroke\""
    for line in layout.labels {
      let width = PixelFont.width(line.text, scale: 2)
      append(.init(text: line.text, x: line.x + width / 2, y: line.y), "text-anchor=\"middle\" \(halo)", to: &bytes)
    }
    let faint = "fill=\"\(theme.faint.hexadecimal)\""
    for line in layout.notes { append(line, faint, to: &bytes) }
    appendLegend(layout, faint, to: &bytes)
    bytes += "</svg>\n".utf8
    return bytes
  }

  /// A path for each colour: a line without length for each point, with round ends.
  private func appendDiscs(
    _ colours: PointColours, _ plane: MapPlane, _ layout: PictureLayout, to bytes: inout [UInt8]
  ) {
    let look = PointLook(points: count, pixels: layout.side * layout.side)
    var paths: [Colour: [UInt8]] = [:]
    var order: [Colour] = []
    for index in 0..<count {
      let colour = colours.colour(index)
      if paths[colour] == nil { order.append(colour) }
      let quarter = layout.quarter(plane.place(x: x[index], y: y[index]))
      let (left, top) = (quarter.x + 4 * layout.left, quarter.y + 4 * layout.top)
      paths[colour, default: []] += "M\(Self.quarters(left)) \(Self.quarters(top))h0".utf8
    }
    let diameter = Int((look.radius * 8).rounded())
    let opacity = Int((look.opacity * 100).rounded())
    bytes += "<g fill=\"none\" stroke-linecap=\"round\" stroke-width=\"\(Self.quarters(diameter))\" ".utf8
    bytes += "stroke-opacity=\"0.\(opacity < 10 ? "0" : "")\(opacity)\">\n".utf8
    for colour in order {
      bytes += "<path stroke=\"\(colour.hexadecimal)\" d=\"".utf8
      bytes += paths[colour] ?? []
      bytes += "\"/>\n".utf8
    }
    bytes += "</g>\n".utf8
  }

  private func appendImage(
    _ colours: PointColours, _ plane: MapPlane, _ layout: PictureLayout, to bytes: inout [UInt8]
  ) throws(CohortError) {
    let border = PictureLayout.margin
    let side = layout.side + 2 * border
    bytes +=
      "<image x=\"\(layout.left - border)\" y=\"\(layout.top - border)\" width=\"\(side)\" height=\"\(side)\" ".utf8
    bytes += "xlink:href=\"data:image/png;base64,".utf8
    Base64.append(try PNGFile.bytes(cloud(colours, plane, layout, border: border)), to: &bytes)
    bytes += "\"/>\n".utf8
  }

  private func appendLegend(_ layout: PictureLayout, _ faint: String, to bytes: inout [UInt8]) {
    let (left, line) = (layout.legendLeft, PictureLayout.lineHeight)
    var y = layout.legendTop
    append(.init(text: layout.heading, x: left, y: y), faint, to: &bytes)
    y += line + 4
    for entry in layout.entries {
      bytes += "<rect x=\"\(left)\" y=\"\(y)\" width=\"16\" height=\"16\" fill=\"\(entry.colour.hexadecimal)\"/>\n".utf8
      append(.init(text: entry.name, x: left + 28, y: y), "", to: &bytes)
      y += line
    }
    append(.init(text: layout.remainder, x: left, y: y), faint, to: &bytes)
    guard !layout.ticks.isEmpty else { return }
    let ramp = ScalarColours.ramp(layout.options.theme)
    bytes += "<defs><linearGradient id=\"ramp\" x1=\"0\" y1=\"1\" x2=\"0\" y2=\"0\">".utf8
    for level in stride(from: 0, through: 255, by: 51) {
      let percent = level * 100 / 255
      bytes += "<stop offset=\"\(percent)%\" stop-color=\"\(ramp[level].hexadecimal)\"/>".utf8
    }
    bytes += "</linearGradient></defs>\n".utf8
    bytes += "<rect x=\"\(left)\" y=\"\(y)\" width=\"24\" height=\"256\" fill=\"url(#ramp)\"/>\n".utf8
    for (index, tick) in layout.ticks.enumerated() {
      append(.init(text: tick, x: left + 36, y: y + 248 - index * 255 / 4), "", to: &bytes)
    }
  }

  /// A line of text whose upper edge is given, as in a PNG.
  private func append(_ line: PictureLayout.Line, _ attributes: String, to bytes: inout [UInt8]) {
    guard !line.text.isEmpty else { return }
    let space = attributes.isEmpty ? "" : " "
    let baseline = line.y + 14
    bytes +=
      "<text x=\"\(line.x)\" y=\"\(baseline)\"\(space)\(attributes)>\(MarkupText.escaped(line.text))</text>\n".utf8
  }

  /// A number of quarters, in decimals.
  private static func quarters(_ value: Int) -> String {
    let fraction = ["", ".25", ".5", ".75"][value & 3]
    return "\(value >> 2)\(fraction)"
  }
}
