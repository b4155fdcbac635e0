import CohortCore
import CohortLMDB
import CohortStore
import CohortTesting
import Foundation
import Testing

/// Tasks and attributes of samples that are there are corrected.
@Suite struct RelabelTests {
  private let folder: TemporaryFolder
  private let store: Store

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("s"), configuration: StoreConfiguration(dedupe: .store))
  }

  private func batch(_ rows: [(Int, task: String?, attributes: String)]) -> PreparedBatch {
    var builder = SampleBatchBuilder()
    for (number, task, attributes) in rows {
      builder.add(
        prompt: "Question \(number)?", response: String(repeating: "word ", count: 1 + number % 50), task: task,
        attributes: attributes)
    }
    return builder.prepared
  }

  private func ingest(
    _ rows: [(Int, task: String?, attributes: String)], updating: Bool = false
  ) throws -> IngestOutcome {
    let batch = batch(rows)
    return try store.write { try $0.ingest(batch, source: "x", origin: "", updatesLabels: updating) }
  }

  private func labels(_ id: UInt64) throws -> [String?] {
    try store.read { transaction in
      let labels = try #require(try transaction.labels(of: SampleID(id)))
      #expect(try transaction.uint32(Column.task, SampleID(id)) == labels.task.rawValue)
      return [try transaction.task(labels.task)?.name, String(decoding: labels.attributes, as: UTF8.self)]
    }
  }

  private func events() throws -> [LogEvent.Relabel] {
    var events: [LogEvent.Relabel] = []
    _ = try store.read {
      try $0.forEachEntry(of: [LogEvent.Relabel.kind]) {
        if let event = $0.event as? LogEvent.Relabel { events.append(event) }
        return true
      }
    }
    return events
  }

  private func expectSound(_ place: String = "") throws {
    let report = try store.verify()
    #expect(report.isSound, "\(place) \(report.problems.prefix(3))")
  }

  @Test func aRecordSentAgainCorrectsItsLabels() throws {
    _ = try ingest([(1, "sums", #"{"level":1}"#), (2, nil, ""), (3, "facts", #"{"level":3}"#)])
    let before = try store.read { try $0.sample(SampleID(0)) }
    // Without being asked to, it changes nothing.
    let told = try ingest([(1, "algebra", #"{"level":2}"#)])
    #expect(told.duplicatesDiffering == 1 && told.duplicatesRelabelled == 1 && told.updated == 0)
    #expect(try labels(0) == ["sums", #"{"level":1}"#])

    let outcome = try ingest([(1, "algebra", #"{"level":2}"#), (2, "new", ""), (3, nil, "")], updating: true)
    #expect(outcome.inserted == 0 && outcome.duplicates == 3 && outcome.updated == 3)
    #expect(outcome.samples == [0, 1, 2].map { SampleID($0) })
    #expect(try labels(0) == ["algebra", #"{"level":2}"#])
    #expect(try labels(1) == ["new", ""])
    // Without a task, nothing is said of it.
    #expect(try labels(2) == ["facts", ""])
    let after = try store.read { try $0.sample(SampleID(0)) }
    #expect(after?.messages == before?.messages && after?.line == before?.line && after?.source == before?.source)
    let event = try #require(try events().last)
    #expect(event.samples == 3 && event.newTasks == [] && event.parts.map(\.changesAttributes) == [true, false, true])
    #expect(try ingest([(1, "algebra", #"{"level":2}"#)], updating: true).updated == 0)
    #expect(try events().count == 1)
    try expectSound()
  }

  /// A new sample and its correction in one batch; of several the last one counts.
  @Test func theLastOfABatchCounts() throws {
    let outcome = try ingest(
      [(1, "a", ""), (1, "b", #"{"n":1}"#), (2, "a", ""), (1, "c", #"{"n":2}"#)], updating: true)
    #expect(outcome.inserted == 2 && outcome.updated == 1)
    #expect(try labels(0) == ["c", #"{"n":2}"#])
    #expect(try labels(1) == ["a", ""])
    _ = try ingest([(1, "x", #"{"n":2}"#), (1, "c", #"{"n":2}"#)], updating: true)
    #expect(try labels(0) == ["c", #"{"n":2}"#])
    #expect(try events().count == 1)
    try expectSound()
  }

  @Test func aTaskThatIsNewIsLogged() throws {
    _ = try ingest([(1, "a", ""), (2, "a", ""), (3, "b", "")])
    let done = try store.write { transaction in
      try transaction.relabel(
        (0..<4).map { id in
          var change = LabelChange(SampleID(UInt64(id)))
          change.task = id == 2 ? .missing : .named("z")
          return change
        }, reason: "by hand")
    }
    #expect(done == [0, 1, 2].map { SampleID($0) })
    #expect(try (0..<3).map { try labels($0)[0] } == ["z", "z", nil])
    let event = try #require(try events().last)
    #expect(event.newTasks == ["z"] && event.reason == "by hand" && event.parts.map(\.ranges.total) == [2, 1])
    try expectSound()
  }

  /// What the labels were is there until the sample is deleted, and gone from the file then.
  @Test func formerLabelsStayUntilTheSampleGoes() throws {
    _ = try ingest([(1, "a", #"{"secret":"Rumpelstiltskin"}"#), (2, "a", "")])
    _ = try ingest([(1, "b", #"{"secret":"none"}"#)], updating: true)
    _ = try ingest([(1, "c", #"{"secret":"none"}"#)], updating: true)
    var former: [FormerLabels] = []
    func read() throws {
      former = []
      try store.read {
        try $0.forEachFormerLabels(of: SampleID(0)) {
          former.append($0)
          return true
        }
      }
    }
    try read()
    let tasks = try store.read { transaction in try ["a", "b"].map { try transaction.task(named: $0)?.id } }
    #expect(former.map(\.task) == tasks)
    #expect(
      former.map { $0.attributes.map { String(decoding: $0, as: UTF8.self) } } == [
        #"{"secret":"Rumpelstiltskin"}"#, nil,
      ])
    try expectSound()
    _ = try store.write { try $0.delete([SampleID(0)], reason: "asked for") }
    try read()
    #expect(former.count == 2 && former.allSatisfy { $0.attributes == nil })
    _ = try store.eraseRemains()
    try expectSound()
    let data = try Data(contentsOf: URL(fileURLWithPath: store.path + "/data.mdb"))
    #expect(data.range(of: Data("Rumpelstiltskin".utf8)) == nil)
  }

  @Test func aSampleThatIsDeletedIsLeftAlone() throws {
    _ = try ingest([(1, "a", "")])
    _ = try store.write { try $0.delete([SampleID(0)], reason: "") }
    var change = LabelChange(SampleID(0))
    change.attributes = Array("{}".utf8)
    var beyond = LabelChange(SampleID(7))
    beyond.task = .missing
    let changes = [change, beyond]
    #expect(try store.write { try $0.relabel(changes, reason: "") }.isEmpty)
    #expect(try events().isEmpty)
  }

  /// The table and its feature come with the first correction; vectors and lengths stay.
  @Test func aStoreOfFormat1IsCorrected() throws {
    let path = folder.file("old")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let fixture = Checkout.fixtures(of: "CohortStoreTests").appendingPathComponent("format-1/data.mdb")
    try FileManager.default.copyItem(atPath: fixture.path, toPath: path + "/data.mdb")
    let old = try Store.open(at: path, access: .owner(name: "test"))
    #expect(!(try old.verify().tables.contains { $0.name == "relabels" }))
    var builder = SampleBatchBuilder()
    builder.add(prompt: "2+2?", response: "4", task: "facts", attributes: #"{"level":9}"#)
    let prepared = builder.prepared
    let outcome = try old.write {
      try $0.ingest(prepared, source: "set/a.jsonl", origin: "", updatesLabels: true)
    }
    #expect(outcome.updated == 1 && outcome.samples == [SampleID(0)])
    let report = try old.verify()
    #expect(report.isSound && report.tables.last?.name == "relabels" && report.tables.last?.records == 1)
    try old.read { transaction in
      let space = try #require(try transaction.space(named: "mini"))
      #expect(try transaction.vectorState(SampleID(0), in: space) == .present)
      #expect(try transaction.task(TaskID(transaction.uint32(Column.task, SampleID(0))))?.name == "facts")
    }
    let refusal = #expect(throws: CohortError.self) { try Store.open(at: path, optional: []) }
    #expect(refusal?.message == "The store uses 'relabels', which this program does not know")
  }

  /// The bytes are those of `Schemas/store.md`.
  @Test func theBytesAreThoseOfTheDocument() throws {
    let made = try FormatStore(at: folder.file("f"))
    var builder = SampleBatchBuilder()
    builder.add(prompt: "2+2?", response: "4", task: "facts", attributes: #"{"l":2}"#)
    let prepared = builder.prepared
    _ = try made.store.write { try $0.ingest(prepared, source: "set/a.jsonl", origin: "", updatesLabels: true) }
    let raw = try RawTables(at: made.path)
    let log = try #require(try raw.values("log").last?.value)
    let time: [UInt8] = [0x00, 0x68, 0xe5, 0xcf, 0x8b, 0x01, 0, 0]
    let (one, two, three): ([UInt8], [UInt8], [UInt8]) = ([1, 0, 0, 0], [2, 0, 0, 0], [3, 0, 0, 0])
    #expect(
      Array(log[8...]) == [1, 21] + time + three + [0] + [1] + one + two + [1] + [1, 0, 1] + [10]
        + Array("sent again".utf8))
    let table = FormerLabels.table
    let key: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 15]
    let value = try #require(try made.store.read { try $0.value(key, of: table) })
    #expect(value == [1] + one + [1, 11] + Array(#"{"level":1}"#.utf8) + [0])
    #expect(table.number == 12 && table.feature.bit == 10 && table.feature.isRequired)
    #expect(try made.store.verify().isSound)
  }

  /// A former label that is gone, or whose attributes outlived the sample, is found.
  @Test func verifyLooksAtFormerLabels() throws {
    _ = try ingest([(1, "a", #"{"n":1}"#), (2, "a", "")])
    _ = try ingest([(1, "b", #"{"n":2}"#), (2, "b", "")], updating: true)
    let table = FormerLabels.table
    let raw = try RawTables(at: store.path)
    func change(_ body: (UnsafeTransaction, Table) throws -> Void) throws {
      let writer = WriterThread()
      defer { writer.stop() }
      try writer.perform {
        try raw.environment.write { try body($0, #require($0.table(table.definition))) }
      }
      try raw.catchUpCounters()
    }
    let key: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4]
    var value: [UInt8] = []
    try change { value = [UInt8](try #require(try $0.get($1, key))) }
    _ = try store.write { try $0.delete([SampleID(0)], reason: "") }
    try expectSound()
    try change { transaction, table in try value.withUnsafeBytes { try transaction.put(table, key, $0) } }
    #expect(try store.verify().problems.map(\.what) == ["the sample is deleted, and its attributes are still there"])
    try change { _ = try $0.delete($1, key) }
    #expect(
      try store.verify().problems.map(\.what) == ["it has 1 former labels, and the log tells of 2"])
  }

  /// Random histories: what a model in plain arrays says.
  @Test(arguments: Torture.cases(Array(1...4), tortured: Array(1...300)))
  func aRandomHistoryGivesWhatTheModelSays(seed: UInt64) throws {
    var random = TestRandom(seed: seed)
    var model: [(task: String?, attributes: String)?] = []
    var former: [[(task: String?, attributes: String)]] = []
    let tasks = [nil, "a", "b", "c"]
    for _ in 0..<60 {
      let rows = (0..<Int.random(in: 1...40, using: &random)).map { _ in
        (
          Int.random(in: 0..<80, using: &random), task: tasks.randomElement(using: &random) ?? nil,
          attributes: Bool.random(using: &random) ? "" : #"{"n":\#(Int.random(in: 0..<3, using: &random))}"#
        )
      }
      let updates = Bool.random(using: &random)
      let outcome = try ingest(rows, updating: updates)
      var changed: [Int: (task: String?, attributes: String)] = [:]
      for (row, sample) in zip(rows, outcome.samples) {
        let id = Int(try #require(sample).rawValue)
        if id == model.count {
          model.append((row.task, row.attributes))
          former.append([])
        } else if updates, let known = model[id] {
          changed[id] = (row.task ?? changed[id]?.task ?? known.task, row.attributes)
        }
      }
      for (id, labels) in changed {
        guard let known = model[id], known != labels else { continue }
        former[id].append(known)
        model[id] = labels
      }
      if Int.random(in: 0..<4, using: &random) == 0, let id = model.indices.randomElement(using: &random) {
        _ = try store.write { try $0.delete([SampleID(UInt64(id))], reason: "") }
        model[id] = nil
      }
    }
    for (id, expected) in model.enumerated() {
      guard let expected else { continue }
      #expect(try labels(UInt64(id)) == [expected.task, expected.attributes], "seed \(seed), sample \(id)")
      var tasks: [String?] = []
      try store.read { transaction in
        try transaction.forEachFormerLabels(of: SampleID(UInt64(id))) {
          tasks.append(try transaction.task($0.task)?.name)
          return true
        }
      }
      #expect(tasks == former[id].map(\.task), "seed \(seed), sample \(id)")
    }
    try expectSound("seed \(seed)")
  }
}
