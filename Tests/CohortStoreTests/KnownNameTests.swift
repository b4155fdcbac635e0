import CohortCore
import CohortStore
import CohortTesting
import Testing

/// A new source or task costs what it brings, however many there are, and is new beyond doubt.
@Suite struct KnownNameTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private struct Refused: Error {}

  @discardableResult
  private func ingest(_ number: Int, into store: Store, source: String? = nil, task: String? = nil) throws -> SampleID?
  {
    var builder = SampleBatchBuilder()
    builder.add(prompt: "\(number)", response: "r", task: task ?? "task \(number)")
    let outcome = try store.write {
      try $0.ingest(builder.prepared, source: source ?? "source \(number)", origin: "memory")
    }
    return outcome.samples.first ?? nil
  }

  @Test func newNamesCostNoLookAtTheOldOnes() throws {
    do {
      let store = try Store.create(at: folder.file("s"))
      for number in 0..<300 { try ingest(number, into: store) }
      #expect(store.nameRecordsRead == 0)
    }
    // Another process reads them once.
    let store = try Store.open(at: folder.file("s"), access: .owner(name: "test"))
    for number in 300..<400 { try ingest(number, into: store) }
    #expect(store.nameRecordsRead == 600)
    // What is known already costs nothing.
    for number in 0..<400 { try ingest(number + 1000, into: store, source: "source \(number)", task: "task \(number)") }
    #expect(store.nameRecordsRead == 600)
    let (sources, tasks) = try store.read { (try $0.sources(), try $0.tasks()) }
    #expect(sources.map(\.name) == (0..<400).map { "source \($0)" })
    #expect(tasks.map(\.name) == (0..<400).map { "task \($0)" })
    #expect(sources.map(\.id.rawValue) == (0..<400).map { UInt32($0) })
    #expect(try store.verify().isSound)
  }

  @Test func namesOfOneTransactionAreKnownInIt() throws {
    let store = try Store.create(at: folder.file("s"))
    try store.write { transaction in
      for number in 0..<200 {
        var builder = SampleBatchBuilder()
        builder.add(prompt: "\(number)", response: "r", task: "task \(number / 2)")
        _ = try transaction.ingest(builder.prepared, source: "source \(number / 2)", origin: "memory")
      }
    }
    #expect(store.nameRecordsRead == 0)
    #expect(try store.read { try $0.sources().count } == 100 && store.read { try $0.tasks().count } == 100)
    #expect(try store.verify().isSound)
  }

  @Test func whatWasNotCommittedIsNotKnown() throws {
    let store = try Store.create(at: folder.file("s"))
    try ingest(0, into: store)
    #expect(throws: Refused.self) {
      try store.write { transaction in
        var builder = SampleBatchBuilder()
        builder.add(prompt: "1", response: "r", task: "task 1")
        _ = try transaction.ingest(builder.prepared, source: "source 1", origin: "memory")
        throw Refused()
      }
    }
    #expect(try store.read { try $0.source(named: "source 1") } == nil)
    try ingest(1, into: store)
    #expect(try store.read { try $0.source(named: "source 1")?.id.rawValue } == 1)
    #expect(try store.verify().isSound)
  }

  /// What damage can hide of a name: the way from it to its record, or both.
  @Test(arguments: [false, true], [false, true]) func aHiddenNameIsNotGivenAgain(isKnown: Bool, withRecord: Bool) throws
  {
    for (name, key, record) in [
      ("source 1", [1] + Array("source 1".utf8), [0x81, 0, 0, 0, 1]),
      ("task 1", [2] + Array("task 1".utf8), [0x82, 0, 0, 0, 2] as [UInt8]),
    ] {
      let place = folder.file(name)
      var store = try Store.create(at: place)
      for number in 0..<3 { try ingest(number, into: store) }
      let raw = try RawTables(at: place)
      try raw.remove("names", key)
      if withRecord { try raw.remove("names", record) }
      try raw.catchUpCounters()
      if !isKnown {
        let other = try Store.create(at: folder.file("other \(name)"))
        store = other
        store = try Store.open(at: place, access: .owner(name: "test"))
      }
      for _ in 0..<2 {
        #expect(codeName { try ingest(7, into: store, source: name, task: name) } == "store.corrupted", "\(name)")
      }
    }
  }
}
