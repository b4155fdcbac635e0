import CohortCore
import CohortStore
import CohortTesting
import Testing

/// A state of the store that is read for longer than a closure.
@Suite struct HeldReadingTests {
  @Test func itSeesOneStateUntilItEnds() throws {
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("s"))
    func add(_ text: String) throws {
      var builder = SampleBatchBuilder()
      builder.add(prompt: text, response: "yes")
      let prepared = builder.prepared
      _ = try store.write { try $0.ingest(prepared, source: "s", origin: "memory") }
    }
    try add("one")
    let held = try store.holdReading()
    #expect(held.isOpen)
    let chunk = try #require(try held.read { try $0.chunk(Column.task, of: 0) })
    for number in 0..<20 { try add("more \(number)") }
    #expect(try held.read { try $0.counters.nextSample } == 1)
    #expect(chunk.count == 1)
    #expect(try store.readerLag() ?? 0 >= 20)
    // Others read what is there now, also in this thread.
    #expect(try store.read { try $0.counters.nextSample } == 21)
    held.end()
    held.end()
    #expect(!held.isOpen)
    #expect(try store.readerLag() == nil)
    let error = #expect(throws: CohortError.self) { try held.read { try $0.counters.nextSample } }
    #expect(error?.code.name == "store.reading-ended")
  }

  /// It may end on another thread, and ends when it goes.
  @Test func itEndsWithItsLastUser() throws {
    let folder = try TemporaryFolder()
    let store = try Store.create(at: folder.file("s"))
    do {
      let held = try store.holdReading()
      #expect(try held.read { try $0.counters.live } == 0)
      _ = try store.write { try $0.createGrouping(name: "g", definition: GroupingDefinition(criterion: .task)) }
    }
    #expect(try store.readerLag() == nil)
    // What needs the store for itself gets it.
    try store.reopen()
    #expect(try store.holdReading().read { try $0.groupings().count } == 1)
  }
}
