import CohortSelection
import CohortTesting
import Testing

struct KeyedOrderTests {
  @Test func theFirstOfAnOrderAreThoseThatSortingGives() {
    let seed: UInt64 = 301
    var random = TestRandom(seed: seed)
    for count in [1, 2, 17, 400, 3_000] {
      let ids = (0..<count).map { _ in random.next() }.sorted()
      let order = KeyedOrder(seed: random.next())
      let rows = (0..<UInt32(count)).filter { _ in random.below(3) > 0 }
      let sorted = rows.sorted { order.hash(ids[Int($0)]) < order.hash(ids[Int($1)]) }
      for wanted in [0, 1, 5, 60, count, count + 3] {
        #expect(order.first(wanted, of: rows, ids: ids) == Array(sorted.prefix(wanted)), "seed \(seed), \(wanted)")
      }
    }
  }

  @Test func seedsAndPurposesGiveOrdersThatHaveNothingToDoWithEachOther() {
    let ids = (0..<2_000).map(UInt64.init)
    let rows = ids.indices.map(UInt32.init)
    let orders = [
      KeyedOrder(seed: 1), KeyedOrder(seed: 2), KeyedOrder(seed: 1, purpose: 1), KeyedOrder(seed: 3),
    ].map { Set($0.first(200, of: rows, ids: ids)) }
    for a in orders.indices {
      for b in orders.indices where b > a {
        // 20 are expected; 60 would be nine standard deviations more.
        #expect(orders[a].intersection(orders[b]).count < 60)
      }
    }
  }
}
