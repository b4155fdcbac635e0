import CohortClustering
import CohortCore
import CohortTesting
import Testing

struct ProductCellsTests {
  private struct Pair: Hashable {
    var a: UInt32
    var b: UInt32
  }

  @Test(arguments: [UInt64(1), 2, 3], [1, 5, 40])
  func cellsBelowTheMinimumAreTheRestOfTheirPart(seed: UInt64, minimum: Int) throws {
    var random = TestRandom(seed: seed)
    let samples = (0..<2_000).map { _ in
      (
        a: random.below(20) == 0 ? GroupID.unassigned : GroupID(UInt32(random.below(9) * 3)),
        b: random.below(30) == 0 ? GroupID.unassigned : GroupID(UInt32(random.below(40) * random.below(3)))
      )
    }
    var cells = ProductCells(minimum: minimum)
    var backwards = ProductCells(minimum: minimum)
    for sample in samples { cells.add(sample.a, sample.b) }
    for sample in samples.reversed() { backwards.add(sample.a, sample.b) }
    try cells.decide()
    try backwards.decide()
    #expect(cells.digest == backwards.digest && cells.cells == backwards.cells)
    let place = Comment(rawValue: "seed \(seed), minimum \(minimum)")
    var counts: [Pair: Int] = [:]
    for sample in samples { counts[Pair(a: sample.a.rawValue, b: sample.b.rawValue), default: 0] += 1 }
    var members: [GroupID: UInt64] = [:]
    for sample in samples {
      let group = cells.group(sample.a, sample.b)
      guard sample.a != .unassigned else {
        #expect(group == .unassigned, place)
        continue
      }
      members[group, default: 0] += 1
      let isCell = sample.b != .unassigned && (counts[Pair(a: sample.a.rawValue, b: sample.b.rawValue)] ?? 0) >= minimum
      let cell = try #require(cells.cells[group], place)
      #expect(cell == ProductCells.Cell(first: sample.a, second: isCell ? sample.b : nil), place)
      #expect(try ProductCells.number(of: cell) == group, place)
    }
    #expect(members == cells.sizes, place)
    #expect(cells.group(GroupID(77), GroupID(1)) == .unassigned)
  }

  @Test func aNumberIsOfOneCellOnly() throws {
    var seen: [GroupID: ProductCells.Cell] = [:]
    for a in 0..<120 as Range<UInt32> {
      for b in -1..<120 {
        let cell = ProductCells.Cell(first: GroupID(a), second: b < 0 ? nil : GroupID(UInt32(b)))
        let group = try ProductCells.number(of: cell)
        #expect(seen.updateValue(cell, forKey: group) == nil)
        let rest = try ProductCells.number(of: ProductCells.Cell(first: GroupID(a), second: nil))
        #expect(try ProductCells.rest(of: group) == rest)
      }
    }
    var random = TestRandom(seed: 8)
    for _ in 0..<2_000 {
      let cell = ProductCells.Cell(
        first: GroupID(UInt32(random.below(46_000))), second: GroupID(UInt32(random.below(46_000))))
      let rest = try ProductCells.number(of: ProductCells.Cell(first: cell.first, second: nil))
      #expect(try ProductCells.rest(of: ProductCells.number(of: cell)) == rest, "\(cell)")
    }
  }

  @Test func numbersThatDoNotFitAreAnError() throws {
    #expect(
      try ProductCells.number(of: ProductCells.Cell(first: GroupID(92_680), second: nil)) == GroupID(4_294_837_540))
    for (a, b) in [(92_682, 5), (5, 92_690), (4_294_967_294, 4_294_967_294)] as [(UInt32, UInt32)] {
      var cells = ProductCells(minimum: 1)
      cells.add(GroupID(a), GroupID(b))
      let error = #expect(throws: CohortError.self) { try cells.decide() }
      #expect(error?.code.name == "clustering.product-size" && error?.hint != nil)
    }
  }
}
