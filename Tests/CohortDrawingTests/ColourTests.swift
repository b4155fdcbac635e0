import CohortCore
import CohortTesting
import Testing

@testable import CohortDrawing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

struct ColourTests {
  /// Linear light of a colour, from 0 to 1.
  private static func linear(_ colour: Colour) -> [Double] {
    [colour.red, colour.green, colour.blue].map { channel in
      let value = Double(channel) / 255
      return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }
  }

  private static func product(_ matrix: [[Double]], _ vector: [Double]) -> [Double] {
    matrix.map { row in zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 } }
  }

  /// OKLab (Ottosson 2020).
  private static func lab(_ linear: [Double]) -> [Double] {
    let cones = product(
      [
        [0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
      ], linear.map { min(max($0, 0), 1) })
    return product(
      [
        [0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
      ], cones.map { cbrt($0) })
  }

  /// How colours look without one kind of cones (Machado, Oliveira and Fernandes 2009, severity 1).
  private static let views: [(name: String, least: Double, matrix: [[Double]])] = [
    ("everyone", 0.15, [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
    (
      "protanopia", 0.1,
      [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    (
      "deuteranopia", 0.1,
      [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
  ]

  @Test func twelveColoursAreToldApartByEveryone() {
    #expect(CategoryColours.distinct.count == 12)
    for view in Self.views {
      let seen = CategoryColours.distinct.map { Self.lab(Self.product(view.matrix, Self.linear($0))) }
      for one in seen.indices {
        for other in 0..<one {
          let distance = zip(seen[one], seen[other]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
          #expect(distance >= view.least, "\(view.name): \(one) and \(other)")
        }
      }
    }
  }

  @Test(arguments: DrawingTheme.allCases)
  func rampsOnlyRiseOrOnlyFallForEveryone(theme: DrawingTheme) {
    let ramp = ScalarColours.ramp(theme)
    #expect(ramp.count == 256)
    let background = Self.lab(Self.linear(theme.background))[0]
    for view in Self.views {
      let lightness = ramp.map { Self.lab(Self.product(view.matrix, Self.linear($0)))[0] }
      let away = lightness.map { abs($0 - background) }
      // Levels are rounded to 8 bits: neighbours may be alike, those 16 apart may not.
      for level in 16..<256 { #expect(away[level] > away[level - 16], "\(view.name), level \(level)") }
      #expect(away[255] - away[0] > 0.35)
    }
  }

  @Test func theLargestHaveDistinctColoursAndTheOthersThatOfTheirName() {
    let names = (0..<40).map { "task \($0)" }
    var indices = (0..<40).flatMap { name in [Int32](repeating: Int32(name), count: 40 - name) }
    let before = CategoryColours(of: indices, names: names)
    #expect(before.order == Array(0..<40) && before.counts == (0..<40).map { 40 - $0 })
    #expect(Array(before.colours[..<12]) == CategoryColours.distinct)
    #expect(before.colours[12...].allSatisfy { CategoryColours.pale.contains($0) })
    // The last grows beyond the twelfth: those two change places, nobody else notices.
    indices += [Int32](repeating: 39, count: 29)
    let after = CategoryColours(of: indices, names: names)
    #expect(CategoryColours.distinct.contains(after.colours[39]) && CategoryColours.pale.contains(after.colours[11]))
    for name in 0..<39 where name != 11 { #expect(after.colours[name] == before.colours[name]) }
  }

  @Test func fewCategoriesKeepTheirColourWhateverTheirSize() {
    let few = CategoryColours(of: [2, 2, 2, 1, 1, 0], names: ["a", "b", "c"])
    #expect(few.colours == Array(CategoryColours.distinct[..<3]) && few.order == [2, 1, 0])
    let sparse = CategoryColours(of: [1], names: ["nobody", "someone"])
    #expect(sparse.order == [1])
  }

  @Test func levelsAreRanks() {
    let seed: UInt64 = 11
    var random = TestRandom(seed: seed)
    for count in [1, 2, 3, 257, 1_000] {
      let values = (0..<count).map { _ in Float(random.below(count)) }
      let colours = ScalarColours(values)
      for _ in 0..<200 {
        let (one, other) = (random.below(count), random.below(count))
        let isBelow = values[one] < values[other]
        #expect(!isBelow || colours.levels[one] <= colours.levels[other], "seed \(seed), \(count)")
        #expect(values[one] != values[other] || colours.levels[one] == colours.levels[other], "seed \(seed), \(count)")
      }
      #expect(
        colours.ticks.first == values.min() && colours.ticks.last == values.max()
          && colours.ticks == colours.ticks.sorted())
    }
    #expect(ScalarColours((0..<256).map { Float($0) }).levels == Array(0...255))
    // One value far away does not make the others alike.
    #expect(ScalarColours([1, 2, 3, 1e30]).levels == [0, 85, 170, 255])
    #expect(ScalarColours([]).levels.isEmpty)
  }
}
