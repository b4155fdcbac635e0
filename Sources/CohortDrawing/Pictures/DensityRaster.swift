/// Points as discs that add up: each pixel holds how much colour fell on it, and becomes the more solid the more it was.
///
/// The order of the points makes no visible difference, so the last drawn does not hide the others, and a thousand points in
/// one place look denser than one.
struct DensityRaster {
  private let width: Int
  private let height: Int
  /// For each pixel: red, green and blue times weight, and weight.
  private var sums: [Float]
  private let discs: [Disc]

  /// A disc of the points' size whose middle is at one of 4 x 4 places within a pixel.
  private struct Disc {
    /// (column, row, weight) from the pixel of the middle.
    var pixels: [(x: Int, y: Int, weight: Float)] = []

    init(radius: Double, middleX: Double, middleY: Double) {
      let reach = Int(radius + 1.5)
      for y in -reach...reach {
        for x in -reach...reach {
          let (dx, dy) = (Double(x) + 0.5 - middleX, Double(y) + 0.5 - middleY)
          let weight = radius + 0.5 - (dx * dx + dy * dy).squareRoot()
          if weight > 0 { pixels.append((x, y, Float(min(weight, 1)))) }
        }
      }
    }
  }

  /// - Parameter radius: of a point, in pixels.
  init(width: Int, height: Int, radius: Double) {
    (self.width, self.height) = (width, height)
    sums = [Float](repeating: 0, count: width * height * 4)
    discs = (0..<16).map { place in
      Disc(radius: radius, middleX: (Double(place & 3) + 0.5) / 4, middleY: (Double(place >> 2) + 0.5) / 4)
    }
  }

  /// Adds points. Those outside leave no trace.
  /// - Parameters:
  ///   - places: quarters of pixels from the upper left corner.
  ///   - colours: of each point.
  /// - Complexity: O(points · area of a disc).
  mutating func add(_ places: [(x: Int, y: Int)], _ colours: (Int) -> Colour) {
    let (width, height) = (width, height)
    sums.withUnsafeMutableBufferPointer { sums in
      for (index, place) in places.enumerated() {
        let colour = colours(index)
        let (red, green, blue) = (Float(colour.red), Float(colour.green), Float(colour.blue))
        let (column, row) = (place.x >> 2, place.y >> 2)
        for pixel in discs[(place.y & 3) << 2 | place.x & 3].pixels {
          let (x, y) = (column + pixel.x, row + pixel.y)
          guard x >= 0, x < width, y >= 0, y < height else { continue }
          let at = (y * width + x) * 4
          sums[at] += red * pixel.weight
          sums[at + 1] += green * pixel.weight
          sums[at + 2] += blue * pixel.weight
          sums[at + 3] += pixel.weight
        }
      }
    }
  }

  /// The picture.
  /// - Parameter opacity: of one point where it is whole, above 0 and at most 1.
  func image(opacity: Double, on background: Colour) -> PixelImage {
    // In steps of an eighth of a point; what is beyond the table is solid.
    var cover = [Float](repeating: 0, count: 1024)
    var clear = 1.0
    let step = eighthRoot(of: 1 - min(opacity, 0.999))
    for index in 1..<cover.count {
      clear *= step
      cover[index] = Float(1 - clear)
    }
    var image = PixelImage(width: width, height: height, background)
    let back = (Float(background.red), Float(background.green), Float(background.blue))
    sums.withUnsafeBufferPointer { sums in
      image.change { bytes in
        for pixel in 0..<width * height {
          let weight = sums[pixel * 4 + 3]
          guard weight > 0 else { continue }
          let solid = weight >= 127.9 ? 1 : cover[max(1, Int((weight * 8).rounded()))]
          func mixed(_ sum: Float, _ back: Float) -> UInt8 {
            UInt8((sum / weight * solid + back * (1 - solid)).rounded())
          }
          bytes[pixel * 3] = mixed(sums[pixel * 4], back.0)
          bytes[pixel * 3 + 1] = mixed(sums[pixel * 4 + 1], back.1)
          bytes[pixel * 3 + 2] = mixed(sums[pixel * 4 + 2], back.2)
        }
      }
    }
    return image
  }

  /// By square roots, which are the same on all processors.
  private func eighthRoot(of value: Double) -> Double { value.squareRoot().squareRoot().squareRoot() }
}

/// How large and how solid points are, so that few can be seen and many do not become one blot.
struct PointLook {
  /// In pixels.
  let radius: Double
  /// Of one point.
  let opacity: Double

  /// - Parameter pixels: of the area that the points share.
  init(points: Int, pixels: Int) {
    let each = (Double(pixels) / Double(max(points, 1))).squareRoot()
    radius = min(max(each * 0.36, 0.6), 5)
    // A straight line over the logarithm, by the parts of a floating-point number: no library, so the same everywhere.
    let number = Double(max(points, 1))
    let decades = 0.30103 * (Double(number.exponent) + number.significand - 1)
    opacity = min(max(1.3 - 0.15 * decades, 0.3), 0.92)
  }
}
