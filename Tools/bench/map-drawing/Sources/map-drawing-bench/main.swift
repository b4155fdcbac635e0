// Draws a made-up map as page, PNG and SVG, and tells what that took: map-drawing-bench POINTS FOLDER

import CohortDrawing
import Foundation

/// SplitMix64: the same map everywhere.
struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }

  mutating func unit() -> Float { Float(next() >> 40) / 16_777_216 }

  /// Nearly normal, from four draws.
  mutating func bell() -> Float { unit() + unit() + unit() + unit() - 2 }
}

/// Groups of unequal size, which overlap a little, as those of real samples do.
func drawing(points: Int) throws -> MapDrawing {
  var random = Generator(state: 1)
  let groups = 300
  let middles = (0..<groups).map { _ in (x: random.unit() * 100, y: random.unit() * 100, spread: 0.5 + random.unit() * 3) }
  var (x, y, group, task, length): ([Float], [Float], [Int32], [Int32], [Float]) = ([], [], [], [], [])
  for _ in 0..<points {
    let share = random.unit()
    let own = Int(share * share * Float(groups))
    x.append(middles[own].x + random.bell() * middles[own].spread)
    y.append(middles[own].y + random.bell() * middles[own].spread)
    group.append(Int32(own))
    task.append(Int32(own % 40))
    length.append(Float(1 + random.next() % 4_000))
  }
  let columns: [MapDrawing.Column] = [
    .init("group", .categories(of: group, names: (0..<groups).map { "group \($0)" })),
    .init("task", .categories(of: task, names: (0..<40).map { "task \($0)" })),
    .init("length", .scalars(length, unit: "tokens")),
  ]
  let texts = points > MapDrawing.mostTexts ? [] : (0..<points).map { "The text of sample \($0), " + String(repeating: "word ", count: 24) }
  let labels = middles.enumerated().map { MapDrawing.Label("word, other, \($0)", x: $1.x, y: $1.y) }
  // Ids with gaps, as after deletions.
  let ids = (0..<points).map { UInt64($0 + $0 / 10) }
  return try MapDrawing(title: "\(points) samples", x: x, y: y, ids: ids, columns: columns, texts: texts, labels: labels)
}

let arguments = CommandLine.arguments
guard arguments.count == 3, let points = Int(arguments[1]), points >= 0 else {
  print("usage: map-drawing-bench POINTS FOLDER")
  exit(2)
}
let folder = URL(fileURLWithPath: arguments[2])
let map = try drawing(points: points)
let clock = ContinuousClock()
for (name, draw) in [("map.html", { map.page() }), ("map.png", { try map.png() }), ("map.svg", { try map.svg() })]
  as [(String, () throws -> [UInt8])]
{
  var bytes: [UInt8] = []
  let time = try clock.measure { bytes = try draw() }
  try Data(bytes).write(to: folder.appendingPathComponent(name))
  let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
  print("{\"file\":\"\(name)\",\"bytes\":\(bytes.count),\"seconds\":\(seconds)}")
}
