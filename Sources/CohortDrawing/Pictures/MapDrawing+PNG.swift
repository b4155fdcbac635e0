public import CohortCore

extension MapDrawing {
  /// The map as a PNG file: points with their density, labels, legend, title and notes.
  ///
  /// Letters other than printable ASCII are drawn as boxes, and a note says so; a page or SVG has them all.
  /// - Returns: the file. Its pixels depend on the drawing and the options alone, its bytes on the release of zlib, too.
  /// - Throws: `drawing.size`, `drawing.compression`.
  /// - Complexity: O(points + pixels) time, O(pixels) memory: 19 bytes each, and 16 for each point.
  public func png(_ options: PictureOptions = PictureOptions()) throws(CohortError) -> [UInt8] {
    try options.check()
    return try PNGFile.bytes(picture(options))
  }

  /// The pixels of `png`.
  func picture(_ options: PictureOptions) -> PixelImage {
    let colours = PointColours(self, options.theme)
    let plane = MapPlane(self)
    let shownTexts = [title, colours.heading] + colours.entries.map(\.name) + labels.map(\.text)
    let needsBoxes = !shownTexts.allSatisfy { PixelFont.covers($0) } || !notes.allSatisfy { PixelFont.covers($0) }
    let boxes = needsBoxes ? ["Boxes stand for letters that a PNG cannot show; HTML and SVG can."] : []
    let layout = PictureLayout(self, colours, plane: plane, notes: boxes + notes, options)
    let theme = options.theme
    var image = PixelImage(width: options.width, height: options.height, theme.background)
    let border = PictureLayout.margin
    let cloud = cloud(colours, plane, layout, border: border)
    image.place(cloud, x: layout.left - border, y: layout.top - border)
    image.write(layout.title, x: PictureLayout.margin, y: PictureLayout.margin, theme.text)
    for line in layout.labels { image.write(line.text, x: line.x, y: line.y, theme.text, halo: theme.background) }
    for line in layout.notes { image.write(line.text, x: line.x, y: line.y, theme.faint) }
    draw(layout, on: &image)
    return image
  }

  /// The points alone, with a border so that none is cut at the edge of the square.
  func cloud(_ colours: PointColours, _ plane: MapPlane, _ layout: PictureLayout, border: Int) -> PixelImage {
    let side = layout.side + 2 * border
    let look = PointLook(points: count, pixels: layout.side * layout.side)
    var raster = DensityRaster(width: side, height: side, radius: look.radius)
    let places = (0..<count).map { index in
      let quarter = layout.quarter(plane.place(x: x[index], y: y[index]))
      return (x: quarter.x + 4 * border, y: quarter.y + 4 * border)
    }
    raster.add(places) { colours.colour($0) }
    return raster.image(opacity: look.opacity, on: layout.options.theme.background)
  }

  private func draw(_ layout: PictureLayout, on image: inout PixelImage) {
    let theme = layout.options.theme
    let (left, line) = (layout.legendLeft, PictureLayout.lineHeight)
    var y = layout.legendTop
    image.write(layout.heading, x: left, y: y, theme.faint)
    y += line + 4
    for entry in layout.entries {
      image.fill(x: left, y: y, width: 16, height: 16, entry.colour)
      image.write(entry.name, x: left + 28, y: y, theme.text)
      y += line
    }
    image.write(layout.remainder, x: left, y: y, theme.faint)
    guard !layout.ticks.isEmpty else { return }
    let ramp = ScalarColours.ramp(theme)
    for level in 0..<256 { image.fill(x: left, y: y + 255 - level, width: 24, height: 1, ramp[level]) }
    for (index, tick) in layout.ticks.enumerated() {
      image.write(tick, x: left + 36, y: y + 248 - index * 255 / 4, theme.text)
    }
  }
}
