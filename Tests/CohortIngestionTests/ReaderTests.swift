import CohortCore
import CohortIngestion
import CohortTesting
import Testing

@Suite struct ReaderTests {
  /// Files of different sizes and formats, with bad records among them.
  static func sources(seed: UInt64) -> [InputSource] {
    var random = SplitMix64(seed: seed)
    return (0..<12).map { number in
      let count = [0, 1, 40, 3000][Int.random(in: 0..<4, using: &random)]
      var rows: [String] = []
      for row in 0..<count {
        let text = String(repeating: "w\(row) ", count: Int.random(in: 1...40, using: &random))
        rows.append(
          row > 30 && row % 97 == 0
            ? #"{"prompt": "\#(text)"}"# : #"{"prompt": "\#(text)", "completion": "\#(row)", "kind": "\#(row % 5)"}"#)
      }
      let text = number % 2 == 0 ? rows.joined(separator: "\n") : "[" + rows.joined(separator: ",\n") + "]"
      return .memory(Array(text.utf8), name: "source \(number)")
    }
  }

  @Test(arguments: [UInt64](0..<4))
  func resultsAreTheSameForAnyNumberOfWorkers(seed: UInt64) throws {
    let sources = Self.sources(seed: seed)
    func run(_ workers: Int) throws -> ReadResult {
      try read(
        sources,
        options {
          $0.workers = workers
          $0.batchBytes = 16 << 10
          $0.batchRecords = 200
          $0.task = .field("kind")
        })
    }
    let inline = try run(0)
    #expect(
      inline.samples.map(\.source)
        == inline.samples.map(\.source).sorted { Int($0.dropFirst(7)) ?? 0 < Int($1.dropFirst(7)) ?? 0 })
    for workers in [1, 2, 3, 8] {
      #expect(try run(workers) == inline, "seed \(seed), \(workers) workers")
    }
  }

  @Test func anErrorStopsOneSourceOnly() throws {
    let good = InputSource.memory(Array(#"{"text":"t"}"#.utf8), name: "good")
    let bad = InputSource.memory(Array(#"{"what":"t"}"#.utf8), name: "bad")
    for workers in [0, 1, 4] {
      let reader = try IngestionReader(
        sources: [good, bad, good, bad, bad, good], options: options { $0.workers = workers })
      var seen = ""
      for _ in 0..<6 {
        do { seen += try reader.next()?.source.name ?? "end" } catch { seen += "error" }
        seen += " "
      }
      #expect(seen == "good error good error error good ", "\(workers) workers")
      #expect(try reader.next() == nil)
      #expect(try reader.next() == nil)
    }
  }

  /// A reader that is given up leaves no worker behind that waits for ever; and many can be opened one after the other.
  @Test func aReaderGivenUpHalfwayLeavesNoWorker() throws {
    let rows = Array(repeating: #"{"text":"\#(String(repeating: "x", count: 200))"}"#, count: 5000)
    let bytes = Array(rows.joined(separator: "\n").utf8)
    for _ in 0..<20 {
      let reader = try IngestionReader(
        sources: [.memory(bytes, name: "a"), .memory(bytes, name: "b")],
        options: options {
          $0.workers = 3
          $0.batchBytes = 4096
        })
      #expect(try reader.next()?.batch.rows.isEmpty == false)
    }
  }

  @Test func filesAreReadAndTheirBytesCounted() throws {
    let folder = try TemporaryFolder()
    let first = try folder.write("a.jsonl", "{\"text\":\"1\"}\n\n{\"text\":\"2\"}\n")
    let second = try folder.write("b.jsonl.gz", ContainerTests.gzip)
    let third = try folder.write("c.jsonl", "")
    let reader = try IngestionReader(
      sources: [.file(first), .file(second), .file(third)], options: options { $0.workers = 2 })
    #expect(reader.totalInputBytes == 27 + UInt64(ContainerTests.gzip.count))
    try reader.check()
    var result = ReadResult()
    while let next = try reader.next() { try result.add(next) }
    #expect(result.inputBytes == reader.totalInputBytes)
    #expect(result.order == "sssss")
    #expect(result.layouts == ["text", "prompt-completion", "-"])
    #expect(result.notes == ["empty: 0 records"])
    let none = try IngestionReader(sources: [.standardInput()], options: options())
    #expect(none.totalInputBytes == nil)
  }
}
