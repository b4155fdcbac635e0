import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import Foundation
import Testing

/// How a grouping reads what it follows.
@Suite struct GroupingFollowerTests {
  /// What a grouping needs is what its factors need.
  @Test func needsAreThoseOfTheFactors() throws {
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("store"))
    _ = try MeasureLibrary.add(store, name: "m", unit: .bytes, tokenizer: nil)
    try store.write { transaction in
      for (name, definition) in [
        ("tasks", GroupingDefinition(criterion: .task)),
        ("near", GroupingDefinition(criterion: .embedding(space: "s"))),
        ("sizes", GroupingDefinition(criterion: .length(.total, .quantiles(3), measure: "m"))),
        ("both", GroupingDefinition(criterion: .product("near", "sizes", minimum: 1))),
      ] {
        _ = try transaction.createGrouping(name: name, definition: definition)
      }
    }
    let groupings = try store.read { try $0.groupings() }
    #expect(groupings.needs(of: "tasks") == GroupingNeeds())
    #expect(groupings.needs(of: "near").spaces == ["s"] && groupings.needs(of: "near").measures.isEmpty)
    #expect(groupings.needs(of: "both").spaces == ["s"] && groupings.needs(of: "both").measures == ["m"])
    #expect(groupings.needs(of: "gone") == GroupingNeeds())
  }
}
