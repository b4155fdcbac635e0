import CohortCore
import CohortIngestion
import Testing

/// Damaged inputs: no crash, every record a sample or a rejection, nothing lost.
@Suite struct MutationTests {
  /// 2,000 seeded changes to single lines: the other lines stay what they were, and the changed one is a sample or a
  /// rejection with its bytes.
  @Test func changedLinesDoNotTouchTheOthers() throws {
    let rows = LayoutFixture.all.filter { $0.layout == "messages" || $0.layout == "sharegpt" || $0.layout == "alpaca" }
    var (kept, rejected) = (0, 0)
    for seed in 0..<2000 {
      var random = SplitMix64(seed: UInt64(seed))
      let fixture = rows[seed % rows.count]
      let good = Array(fixture.record.utf8)
      let bad = Self.mutate(good, using: &random, keepLines: true)
      let input = good + [0x0a] + bad + [0x0a] + good + [0x0a]
      let isBlank = bad.allSatisfy { $0 == 0x20 || (0x09...0x0d).contains($0) }
      let result = try read(
        [.memory(input, name: "m")],
        try options {
          $0.format = .lines
          try $0.setLayout(named: fixture.layout)
        })
      let expected = isBlank ? 2 : 3
      // A change can end a value early and begin another one on the same line.
      #expect(result.order.count >= expected, "seed \(seed)")
      if result.order.count > expected { #expect(result.notes.contains { $0.contains("more than one JSON value") }) }
      #expect(result.order.first == "s" && result.order.last == "s", "seed \(seed)")
      #expect(result.samples.first?.content == result.samples.last?.content, "seed \(seed)")
      if let rejection = result.rejections.first {
        #expect(rejection.line == 2 && rejection.size == UInt64(rejection.raw.count), "seed \(seed)")
        #expect(bad.contains(rejection.raw), "seed \(seed)")
        rejected += 1
      } else if !isBlank {
        kept += 1
      }
    }
    #expect(kept > 100 && rejected > 1000, "\(kept) kept, \(rejected) rejected")
  }

  /// Whole files of all formats, changed anywhere: an error with a code, or as many records as were found, and the same
  /// with other block sizes and workers.
  @Test func changedFilesComeOutTheSameHoweverTheyAreRead() throws {
    let rows = (0..<20).map { #"{"prompt": "p\#($0) \"x\" é", "completion": "c\#($0)", "n": [\#($0), {"a": null}]}"# }
    let texts = [
      rows.joined(separator: "\n"), "[" + rows.joined(separator: ",\n") + "]",
      rows.map { $0.replacing("\", \"completion", with: "\",\n\"completion") }.joined(separator: "\n"),
      "prompt,completion\n" + (0..<20).map { "\"p\($0)\n\"\"x\"\"\",c\($0)" }.joined(separator: "\r\n"),
    ].map { Array($0.utf8) }
    let packed = [ContainerTests.gzip, ContainerTests.zstd]
    // By its name alone a file of commas is one.
    let names = ["m.jsonl", "m.json", "m.json", "m.csv", "m.jsonl.gz", "m.jsonl.zst"]
    var counts = [(refused: Int, compared: Int, samples: Int)](repeating: (0, 0, 0), count: 6)
    for seed in 0..<500 {
      var random = SplitMix64(seed: UInt64(1_000_000 + seed))
      let kind = seed % 6
      let input = Self.mutate((texts + packed)[kind], using: &random, keepLines: false)
      func run(_ bytes: Int, _ records: Int, _ workers: Int) throws -> ReadResult? {
        do {
          var result = try read(
            [.memory(input, name: names[kind])],
            options {
              $0.map = FieldMap(prompt: "prompt", response: "completion")
              $0.batchBytes = bytes
              $0.batchRecords = records
              $0.workers = workers
            })
          result.batches = 0
          return result
        } catch let error as CohortError {
          #expect(error.code.name.hasPrefix("ingestion."), "seed \(seed)")
          return nil
        }
      }
      let whole = try run(4 << 20, 4096, 0)
      let cut = try run(16 << 10, 3, 2)
      if whole == nil { counts[kind].refused += 1 }
      // Detection looks at the first block only, so a smaller block may judge otherwise; the records never differ.
      guard let cut, let whole else { continue }
      #expect(cut == whole, "seed \(seed)")
      counts[kind].compared += 1
      counts[kind].samples += whole.samples.count
    }
    // Texts are read on behind what is wrong with them; what is packed hardly ever survives a change.
    for (name, count) in zip(names, counts).prefix(4) {
      #expect(count.compared > 70 && count.samples > 1000, "\(name): \(count)")
    }
    for (name, count) in zip(names, counts).suffix(2) {
      #expect(count.refused > 60 && count.compared > 0, "\(name): \(count)")
    }
  }

  static func mutate(_ bytes: [UInt8], using random: inout SplitMix64, keepLines: Bool) -> [UInt8] {
    var bytes = bytes
    let interesting: [UInt8] = [
      0, 0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d, 0x2c, 0x3a, 0x0d, 0x20, 0x80, 0xc3, 0xff, 0x75, 0x30,
    ]
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let at = Int.random(in: 0..<max(1, bytes.count), using: &random)
      guard at < bytes.count else { break }
      switch Int.random(in: 0..<6, using: &random) {
      case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: bytes[at] = interesting.randomElement(using: &random) ?? 0
      case 2: bytes.insert(interesting.randomElement(using: &random) ?? 0, at: at)
      case 3: bytes.remove(at: at)
      case 4: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...20, using: &random)))
      default: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 12)], at: at)
      }
    }
    if keepLines { bytes = bytes.map { $0 == 0x0a ? 0x20 : $0 } }
    return bytes
  }
}
