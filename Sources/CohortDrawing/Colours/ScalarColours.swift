/// The colours of numbers: by rank, on a ramp whose lightness only rises or only falls, so that it can be read without
/// telling hues apart. More is always farther from the background.
struct ScalarColours {
  private static let onLight: [UInt32] = [
    0xdbcf3c, 0x91c944, 0x01bd68, 0x019f89, 0x07848c, 0x036a89, 0x034e8c, 0x2a2391, 0x370165,
  ]
  private static let onDark: [UInt32] = [
    0x50349c, 0x3353bd, 0x0276b7, 0x0891b0, 0x00aaae, 0x0ac4a2, 0x4bdc7e, 0xafe560, 0xf5ea5c,
  ]

  /// 256 colours, for each level.
  static func ramp(_ theme: DrawingTheme) -> [Colour] {
    let stops = (theme == .light ? onLight : onDark).map { Colour($0) }
    return (0..<256).map { level in
      let scaled = level * (stops.count - 1)
      let stop = min(scaled / 255, stops.count - 2)
      return stops[stop].mixed(with: stops[stop + 1], scaled - stop * 255, of: 255)
    }
  }

  /// For each value its mean rank among all, from 0 to 255. Equal values have one level.
  let levels: [UInt8]
  /// Least, lower quartile, median, upper quartile, greatest. Empty without values.
  let ticks: [Float]

  /// - Complexity: O(n log n).
  init(_ values: [Float]) {
    let sorted = values.sorted()
    guard let greatest = sorted.last else {
      (levels, ticks) = ([], [])
      return
    }
    // The value from which on each level holds: few enough to search among.
    var starts: [Float] = []
    var levelOf: [UInt8] = []
    var first = 0
    while first < sorted.count {
      var end = first + 1
      while end < sorted.count, sorted[end] == sorted[first] { end += 1 }
      let level = sorted.count == 1 ? 0 : UInt8((first + end - 1) * 255 / (2 * (sorted.count - 1)))
      if levelOf.last != level {
        starts.append(sorted[first])
        levelOf.append(level)
      }
      first = end
    }
    levels = values.map { value in
      var (low, high) = (0, starts.count)
      while high - low > 1 {
        let middle = (low + high) / 2
        if starts[middle] <= value { low = middle } else { high = middle }
      }
      return levelOf[low]
    }
    let last = sorted.count - 1
    ticks = [sorted[0], sorted[last / 4], sorted[last / 2], sorted[last - last / 4], greatest]
  }
}
