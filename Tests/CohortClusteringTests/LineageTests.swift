import CohortClustering
import CohortCore
import CohortTesting
import Testing

/// Ids of groups over a history with drift and deletions.
struct LineageTests {
  private static let definitions: [GroupingDefinition] = [
    GroupingDefinition(criterion: .task),
    GroupingDefinition(criterion: .length(.response, .quantiles(6))),
    GroupingDefinition(criterion: .length(.response, .given([10, 100])), granularity: .groupSize(60)),
    GroupingDefinition(criterion: .embedding(space: "test"), granularity: .groups(24)),
    GroupingDefinition(criterion: .embedding(space: "test"), granularity: .groupSize(40)),
  ]

  @Test(arguments: 0..<5, [UInt64(3), 44])
  func anIdIsGivenOnceAndEveryChangeOfGroupsIsAnEvent(which: Int, seed: UInt64) throws {
    let place = Comment(rawValue: "definition \(which), seed \(seed)")
    let definition = Self.definitions[which]
    let isEmbedding = which > 2
    var random = TestRandom(seed: seed)
    let mixture = IsotropicMixture(count: 1_500, dimension: 8, components: 30, seed: seed, sorted: true)
    var driver = try Driver(GroupingDefinition(criterion: .task))
    driver.state = try GroupingState(definition: definition, dimension: isEmbedding ? 8 : 0)
    var live: [Int] = []
    var open: Set<GroupID> = []
    var given: Set<GroupID> = []
    var seen = 0
    for step in 0..<30 {
      let first = step * 50
      switch which {
      case 0: try driver.insertLabels((0..<50).map { _ in "task \(random.below(4) + step / 5)" })
      case 1, 2: try driver.insertLengths((0..<50).map { _ in UInt64(random.below(20 + 40 * step)) })
      default: try driver.insertVectors(Array(mixture.vectors[first..<(first + 50)]))
      }
      live += Array(first..<(first + 50))
      // The oldest go, so that groups run empty and merge.
      if step > 8 {
        let gone = live.prefix(45)
        live.removeFirst(45)
        try driver.receive(
          gone.map { row in
            ChangeRecord(
              .deleted, SampleID(UInt64(row)),
              isEmbedding ? .vector : which == 0 ? .label(nil) : .length(driver.store.lengths[row]))
          })
      }
      for event in driver.store.events[seen...] {
        switch event.kind {
        case .born, .split:
          #expect(given.insert(event.child).inserted, place)
          open.insert(event.child)
          if event.kind == .split { #expect(open.contains(event.parent), place) }
        case .merged:
          #expect(open.remove(event.child) != nil && open.contains(event.parent), place)
        case .closed: #expect(open.remove(event.child) != nil, place)
        case .republished: #expect(open.contains(event.child), place)
        case .refined, .guarded, .reclustered, .ruled: #expect(event.child == .unassigned, place)
        }
      }
      seen = driver.store.events.count
      #expect(driver.state.groups == open.sorted(), place)
    }
    // Intervals only split; the others lose groups, too.
    #expect(given.count > open.count || which == 1 || which == 2, place)
    // The records tell the same story as the events.
    for event in driver.store.events where event.kind == .split || event.kind == .merged {
      let record = try GroupRecord(decoding: try #require(driver.store.records[event.child], place))
      if event.kind == .split { #expect(record.lineage.parent == event.parent, place) }
      if event.kind == .merged { #expect(record.lineage.heir == event.parent, place) }
    }
  }
}
