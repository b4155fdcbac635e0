import CohortCore
import CohortIngestion
import Testing

/// Texts made of the bytes that decide where records end: whatever they say, it is the same wherever the blocks are cut.
@Suite struct ShapeFuzzTests {
  private func text(_ pieces: [String], _ count: Int, seed: UInt64) -> String {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
  }

  private func sameHoweverItIsCut(
    _ text: String, seed: UInt64, _ change: (inout IngestionOptions) -> Void
  ) throws -> ReadResult {
    func run(_ bytes: Int, _ records: Int, _ workers: Int) throws -> ReadResult {
      var result = try read(
        text, named: "f",
        options {
          change(&$0)
          $0.batchBytes = bytes
          $0.batchRecords = records
          $0.workers = workers
        })
      result.batches = 0
      return result
    }
    let whole = try run(4 << 20, 4096, 0)
    for (bytes, records, workers) in [(1024, 4096, 0), (1100, 3, 0), (2048, 50, 2)] {
      let cut = try run(bytes, records, workers)
      #expect(cut == whole, "seed \(seed), \(bytes) bytes, \(records) records")
    }
    return whole
  }

  @Test func tablesWithStrayQuotationMarks() throws {
    var (samples, rejections) = (0, 0)
    for seed in UInt64(0)..<150 {
      let pieces = ["a", "b\n", "\t", "c\td\n", "\"", "\"\"", "\n", "x\t\"y\"\n", "é", "\t\"", "\r\n", "p\tq\n"]
      let text = "prompt\tcompletion\n" + text(pieces, 700, seed: seed) + "\nlast\trow\n"
      let result = try sameHoweverItIsCut(text, seed: seed) {
        $0.format = .tsv
        $0.quoting = .always
        $0.layout = .promptCompletion
      }
      samples += result.samples.count
      rejections += result.rejections.count
      // The last line is a row by itself, so no quotation mark can swallow it.
      #expect(result.samples.last?.dialog == ["user: last", "assistant: row"], "seed \(seed)")
      // Every line that is not empty belongs to the record that begins there or before.
      #expect(result.samples.allSatisfy { $0.line > 1 })
    }
    #expect(samples > 2000 && rejections > 2000, "\(samples) samples, \(rejections) rejections")
  }

  @Test func linesAndListsOfOddPieces() throws {
    let record = #"{"prompt":"p","completion":"c ]}\""}"#
    let pieces = [
      record, record + "\n", record + ",\n", "\n", record + record + "\n", "{", "}", "\"", ",", " ", "[1]\n",
    ]
    for seed in UInt64(0)..<150 {
      let body = text(pieces, 60, seed: seed)
      for format in [IngestionOptions.TextFormat.lines, .documents, .array] {
        let text = format == .array ? "[" + body + "]" : record + "\n" + body
        let result = try sameHoweverItIsCut(text, seed: seed) {
          $0.format = format
          $0.layout = .promptCompletion
        }
        #expect(result.order.count == result.samples.count + result.rejections.count)
      }
    }
  }
}
