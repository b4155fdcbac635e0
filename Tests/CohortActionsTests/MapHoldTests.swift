import CohortActions
import CohortStore
import Testing

/// What nobody may do while a map is made or brought up to date.
@Suite struct MapHoldTests {
  private static let drawing: [any Action] = [
    MapCreateAction("m", grouping: "topics"), MapUpdateAction("m"), MapRefitAction("m"),
  ]

  private static func holds(_ action: any Action) -> Set<Hold> { Set(action.access.holds) }

  /// What it is made of stays: whoever drops a grouping or a space waits, and so does whoever makes another round.
  @Test func whatAMapIsMadeOfStays() {
    for map in Self.drawing {
      #expect(Self.holds(map) == Set(Hold.updating), "\(map)")
      for other in [DropAction(.grouping, named: "topics"), DropAction(.space, named: "given")] as [any Action] {
        #expect(!Self.holds(map).isDisjoint(with: Self.holds(other)), "\(map), \(other)")
      }
      for other in Self.drawing { #expect(!Self.holds(map).isDisjoint(with: Self.holds(other))) }
    }
  }

  /// What has nothing to do with it waits for no map.
  @Test func nobodyElseWaits() {
    let others: [any Action] = [
      DropAction(.snapshot, named: "s"), DropAction(.plan, named: "p"), DropAction(.selection, named: "s"),
      DropAction(.query, named: "q"), DropAction(.map, named: "m"), MapListAction(),
    ]
    for map in Self.drawing {
      for other in others { #expect(Self.holds(map).isDisjoint(with: Self.holds(other)), "\(map), \(other)") }
    }
  }
}
