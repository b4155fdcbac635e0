import CohortCore
import CohortIngestion
import CohortTesting
import Foundation
import Testing

/// The real data beside the package, where it is there.
@Suite struct RealDataTests {
  static let folder: String? = {
    let root = Checkout.root
    let candidates = [root.deletingLastPathComponent(), root.deletingLastPathComponent().deletingLastPathComponent()]
    return candidates.map { $0.appendingPathComponent("shared/data").path }.first {
      FileManager.default.fileExists(atPath: $0)
    }
  }()

  struct Count: Equatable {
    var samples = 0
    var reasons: [String: Int] = [:]
    var tasks: Set<String> = []
    var layouts: Set<String> = []
  }

  func count(_ names: [String], _ change: (inout IngestionOptions) throws -> Void) throws -> Count {
    let folder = try #require(Self.folder)
    let found = try InputSource.discover(names.map { folder + "/" + $0 })
    let reader = try IngestionReader(
      sources: found.sources,
      options: options {
        try change(&$0)
        $0.workers = 2
      })
    try reader.check()
    var count = Count()
    var bytes: UInt64 = 0
    while let next = try reader.next() {
      count.samples += next.batch.rows.count
      for rejection in next.batch.rejections { count.reasons[rejection.reason, default: 0] += 1 }
      count.tasks.formUnion(next.batch.tasks)
      if let layout = next.layout { count.layouts.insert(layout) }
      bytes += next.batch.inputBytes
    }
    #expect(bytes == reader.totalInputBytes)
    return count
  }

  @Test(.enabled(if: folder != nil)) func p3IsReadWhole() throws {
    let prompts = try count(["p3"]) {
      $0.task = .fileName
      $0.lengthUnit = .bytes
    }
    // 1,000 completions of the five trec templates are `<|endoftext|>` and nothing else.
    #expect(prompts.samples == 43_086)
    #expect(prompts.reasons == ["empty-response": 1000])
    // Of 235 files, 9 are empty and those 5 hold no sample.
    #expect(prompts.tasks.count == 221)
    #expect(prompts.tasks.contains("glue_qqp_answer"))
    #expect(prompts.layouts == ["prompt-completion"])
  }

  @Test(.enabled(if: folder != nil)) func mathsAndCodeAreReadWhole() throws {
    #expect(try count(["gsm8k"]) { _ in } == Count(samples: 7473, layouts: ["qa"]))
    let code = try count(["codealpaca"]) { $0.task = .fixed("code") }
    #expect(code.layouts == ["alpaca"])
    #expect(code.tasks == ["code"])
    #expect(code.samples == 6550)
  }

  @Test(.enabled(if: folder != nil)) func functionCallsNeedAMap() throws {
    let error = try failure { _ = try count(["apibench"]) { _ in } }
    #expect(error.code.name == "ingestion.unknown-layout")
    #expect(error.hint?.contains("code (200), api_call (200), provider (200), api_data (200)") == true)
    let mapped = try count(["apibench"]) {
      $0.map = try FieldMap(parsing: "prompt=code,response=api_call,task=api_data.domain")
    }
    #expect(mapped.reasons == [:])
    #expect(mapped.samples == 2622)
    #expect(mapped.tasks.count > 20)
  }
}
