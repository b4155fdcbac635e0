import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Synchronization
import Testing

/// The measure job: every sample is measured once, as its ingestion would have measured it, and groupings follow.
@Suite struct MeasureJobTests {
  /// The tokenizer of the model that ships with the program.
  private static let tokenizer = Checkout.bundledTokenizer

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func store(_ name: String = "store", _ configuration: StoreConfiguration = .init()) throws -> Store {
    try Store.create(at: folder.file(name), configuration: configuration)
  }

  /// Conversations of every shape: several turns, no text beside a call, other scripts.
  private static func record(_ number: Int, using random: inout SplitMix64) -> String {
    let words = ["apple", "naïve", "東京", "😀", "un\\nder", "x\\t", "42", "-", "Ωmega", "\\\"q\\\""]
    func text(_ most: Int) -> String {
      (0..<Int.random(in: 1...most, using: &random)).map { _ in words[Int.random(in: 0..<words.count, using: &random)] }
        .joined(separator: " ")
    }
    var messages = [#"{"role":"user","content":"\#(number) \#(text(30))"}"#]
    if number % 3 == 0 { messages.insert(#"{"role":"system","content":"\#(text(6))"}"#, at: 0) }
    if number % 4 == 0 {
      messages.append(
        #"{"role":"assistant","content":null,"tool_calls":[{"type":"function","function":{"name":"f","arguments":"\#(text(4))"}}]}"#
      )
      messages.append(#"{"role":"tool","content":"\#(text(5))","name":"f"}"#)
    }
    messages.append(
      number % 5 == 0
        ? #"{"role":"assistant","content":"\#(text(3))","function_call":{"name":"g"}}"#
        : #"{"role":"assistant","content":"\#(text(25))"}"#)
    return #"{"messages":[\#(messages.joined(separator: ","))],"n":\#(number)}"#
  }

  @discardableResult
  private func ingest(_ store: Store, _ count: Int, seed: UInt64, from first: Int = 0) throws -> UInt64 {
    var random = SplitMix64(seed: seed)
    let lines = (first..<(first + count)).map { Self.record($0, using: &random) }
    let path = folder.file("\(UUID().uuidString).jsonl")
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path))
    let report = try IngestJob.run(store, IngestRequest(paths: [path]))
    #expect(report.inserted == UInt64(count) && report.quarantined == 0)
    return report.inserted
  }

  private func all(_ store: Store, _ name: String?) throws -> [SampleLengths?] {
    try store.read { transaction in
      let measure = try name.map { try #require(try transaction.measure(named: $0)) }
      return try (0..<(try transaction.counters.nextSample)).map { id in
        try measure.map { try transaction.lengths(SampleID(id), by: $0) } ?? transaction.lengths(SampleID(id))
      }
    }
  }

  private func digest(_ store: Store, _ grouping: String) throws -> UInt64 {
    try UpdateJob.follower(of: grouping, in: store).digest
  }

  /// By the unit of a store, a further measure counts what ingestion counted.
  @Test(arguments: [LengthUnit.characters, .bytes, .words, .tokens])
  func aFurtherMeasureCountsAsIngestionDoes(unit: LengthUnit) throws {
    let tokenizer = unit == .tokens ? try LengthTokenizer(contentsOf: Self.tokenizer) : nil
    let store = try store("store", StoreConfiguration(lengthUnit: unit, tokenizer: tokenizer?.digest))
    try tokenizer?.save(in: store.path)
    try ingest(store, 700, seed: UInt64(unit.rawValue))
    _ = try MeasureLibrary.add(store, name: "again", unit: unit, tokenizer: unit == .tokens ? Self.tokenizer : nil)
    let reports = try Pending.measure(store, control: JobControl(workers: 3))
    #expect(reports.map(\.measure) == ["again"] && reports.map(\.measured) == [700])
    let (own, further) = (try all(store, nil), try all(store, "again"))
    #expect(own == further)
    #expect(Set(own.compactMap { $0?.response }).count > 10)
    #expect(try Pending.measure(store).isEmpty)
    #expect(try store.verify().isSound)
  }

  /// Measures of parts divide what a measure of everything counts.
  @Test func answersAndReasoningAreMeasuredApart() throws {
    let store = try store()
    let lines = [
      #"{"role":"assistant","content":"four","reasoning_content":"a\nb"}"#,
      #"{"role":"assistant","content":"<think>ab</think> four"}"#,
      #"{"role":"assistant","content":"four","weight":1}"#,
      #"{"role":"assistant","content":"","thinking":"ab","tool_calls":[{"id":"c","function":{"n":"1"}}]}"#,
    ].map { #"{"messages":[{"role":"assistant","content":"12","reasoning":"1"},\#($0)]}"# }
    let path = try folder.write("in.jsonl", lines.joined(separator: "\n"))
    #expect(try IngestJob.run(store, IngestRequest(paths: [path])).inserted == 4)
    for part in MessageParts.Part.allCases {
      _ = try MeasureLibrary.add(store, name: part.name, unit: .characters, part: part)
    }
    _ = try Pending.measure(store)
    #expect(try all(store, "answer").map { $0?.response } == [4, 4, 4, 9])
    #expect(try all(store, "reasoning").map { $0?.response } == [3, 2, 0, 2])
    #expect(try all(store, "everything") == all(store, nil))
    #expect(try all(store, "answer").map { $0?.prompt } == [2, 2, 2, 2])
    #expect(try all(store, "reasoning").map { $0?.total } == [4, 3, 1, 3])
  }

  /// Two measures at once, samples and deletions in between: both know what they should, and each grouping is what the log
  /// makes it.
  @Test(arguments: [UInt64(1), 2, 3])
  func measuresFollowTheStore(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let store = try store()
    try ingest(store, 300, seed: seed)
    _ = try MeasureLibrary.add(store, name: "bytes", unit: .bytes)
    _ = try MeasureLibrary.add(store, name: "tokens", unit: .tokens, tokenizer: Self.tokenizer)
    _ = try store.write { transaction in
      _ = try transaction.createGrouping(
        name: "sizes", definition: GroupingDefinition(criterion: .length(.total, .quantiles(5), measure: "bytes")))
      _ = try transaction.createGrouping(
        name: "steps",
        definition: GroupingDefinition(criterion: .length(.response, .given([4, 16]), measure: "tokens")))
      return try transaction.createGrouping(
        name: "split",
        definition: GroupingDefinition(
          criterion: .length(.response, .given([]), measure: "tokens"), granularity: .groupSize(20)))
    }
    _ = try ProductJob.create(store, name: "both", factors: "sizes*steps", minimum: 8)
    // Nothing is measured: everything waits.
    let waiting = try Pending.group(store)
    #expect(waiting.prefix(3).allSatisfy { $0.assigned == 0 && $0.pending == 300 })
    for part in 0..<6 {
      let end = try store.read { try $0.counters.nextSample }
      let gone = (0..<8).map { _ in SampleID(UInt64.random(in: 0..<end, using: &random)) }
      if part % 2 == 0 { _ = try DeletionJob.run(store, gone, reason: "test") }
      if part != 1 { _ = try Pending.measure(store, only: part == 3 ? "bytes" : nil) }
      if part % 2 == 1 { _ = try DeletionJob.run(store, gone, reason: "test") }
      if part != 4 { _ = try Pending.group(store) }
      try ingest(store, Int.random(in: 1...400, using: &random), seed: seed + 10, from: Int(end))
    }
    _ = try Pending.measure(store)
    let updates = try Pending.group(store)
    #expect(updates.allSatisfy { $0.pending == 0 })
    #expect(try store.verify().isSound)
    try store.read { transaction in
      for name in ["sizes", "steps", "split", "both"] {
        let groups = try transaction.groups(of: try #require(try transaction.grouping(named: name)).id)
        #expect(try groups.reduce(0) { $0 + $1.size } == transaction.counters.live, "\(name)")
      }
      // Members lie in their group's interval, by the measure that the grouping names.
      let grouping = try #require(try transaction.grouping(named: "split"))
      let measure = try #require(try transaction.measure(named: "tokens"))
      let groups = try transaction.groups(of: grouping.id).filter(\.isOpen)
      #expect(groups.count > 5)
      for group in groups {
        guard case .interval(let lower, let upper) = group.geometry else { throw Unexpected() }
        try transaction.forEachMember(of: group.id, in: grouping) { ids in
          for id in ids {
            let length = UInt64(try #require(try transaction.lengths(id, by: measure)).response)
            #expect(lower <= length && length < upper, "sample \(id) in \(group.geometry)")
          }
          return true
        }
      }
    }
    for name in ["sizes", "steps", "split", "both"] {
      let replay = try ReplayJob.run(store, grouping: name)
      #expect(replay.difference == nil && replay.obstacle == nil, "\(name): \(replay)")
    }
  }

  private struct Unexpected: Error {}

  /// However the job is cut, the lengths and the groups are the same.
  @Test func anInterruptedJobGoesOn() throws {
    func prepared(_ name: String) throws -> Store {
      let store = try store(name)
      try ingest(store, 3000, seed: 7)
      _ = try MeasureLibrary.add(store, name: "m", unit: .tokens, tokenizer: Self.tokenizer)
      _ = try store.write {
        try $0.createGrouping(
          name: "g", definition: GroupingDefinition(criterion: .length(.response, .quantiles(6), measure: "m")))
      }
      return store
    }
    let (calm, stormy) = (try prepared("calm"), try prepared("stormy"))
    _ = try Pending.measure(calm)
    _ = try Pending.group(calm)
    var interruptions = 0
    while true {
      let asked = Mutex(0)
      let patience = 3 + interruptions
      let control = JobControl(
        shouldStop: {
          asked.withLock {
            $0 += 1
            return $0 > patience
          }
        }, workers: 2)
      do {
        _ = try Pending.measure(stormy, control: control)
        break
      } catch let error as CohortError {
        #expect(error.code.name == "pipeline.interrupted")
        interruptions += 1
        if interruptions % 2 == 0 { _ = try Pending.group(stormy) }
      }
    }
    _ = try Pending.group(stormy)
    #expect(interruptions > 1)
    #expect(try all(calm, "m") == all(stormy, "m"))
    #expect(try digest(calm, "g") == digest(stormy, "g"))
    var ids: [UInt64] = []
    try stormy.read { transaction in
      try transaction.forEachEntry { entry in
        if let event = entry.event as? LogEvent.Measured {
          ids += event.ranges.flatMap { $0.first.rawValue..<($0.first.rawValue + $0.count) }
        }
        return true
      }
    }
    #expect(ids == Array(0..<3000))
    #expect(try stormy.verify().isSound)
  }

  /// The tokenizer lives in the store; a missing or another one is an error that says so, and a backup takes it along.
  @Test func theTokenizerIsKept() throws {
    let store = try store()
    try ingest(store, 10, seed: 1)
    let given = folder.file("given.json")
    try FileManager.default.copyItem(atPath: Self.tokenizer, toPath: given)
    for name in ["a", "b"] { _ = try MeasureLibrary.add(store, name: name, unit: .tokens, tokenizer: given) }
    try FileManager.default.removeItem(atPath: given)
    let files = try FileManager.default.contentsOfDirectory(atPath: store.path + "/tokenizers")
    let file = store.path + "/tokenizers/" + (try #require(files.first))
    #expect(files.count == 1)

    let copy = folder.file("copy")
    try store.backup(to: copy)
    let opened = try Store.open(at: copy, access: .owner(name: "test"))
    try LengthTokenizer.copyAll(of: store, to: opened)
    #expect(try Pending.measure(opened).map(\.measured) == [10, 10])

    try FileManager.default.moveItem(atPath: file, toPath: folder.file("aside"))
    #expect { try Pending.measure(store) } throws: { ($0 as? CohortError)?.code.name == "pipeline.no-tokenizer" }
    try Data("{}".utf8).write(to: URL(fileURLWithPath: file))
    #expect { try Pending.measure(store) } throws: {
      ($0 as? CohortError)?.code.name == "pipeline.other-tokenizer"
    }
    try FileManager.default.removeItem(atPath: file)
    try FileManager.default.moveItem(atPath: folder.file("aside"), toPath: file)
    #expect(try Pending.measure(store).map(\.measured) == [10, 10])

    // The copy stays while a measure needs it.
    try MeasureLibrary.drop(store, named: "a")
    #expect(FileManager.default.fileExists(atPath: file))
    try MeasureLibrary.drop(store, named: "b")
    #expect(!FileManager.default.fileExists(atPath: file))
    #expect { try MeasureLibrary.add(store, name: "c", unit: .tokens, tokenizer: folder.file("nothing")) } throws: {
      _ in
      true
    }
    // What is refused leaves no file behind.
    for (name, unit) in [("c", LengthUnit.words), (SampleLengths.ownMeasure, .tokens)] {
      let refused = #expect(throws: CohortError.self) {
        try MeasureLibrary.add(store, name: name, unit: unit, tokenizer: Self.tokenizer)
      }
      #expect(["store.length-unit", "store.length-measure-exists"].contains(refused?.code.name))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: store.path + "/tokenizers").isEmpty)
    #expect(try store.read { try $0.measures().isEmpty })
  }
}
