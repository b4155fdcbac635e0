import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortTesting
import Testing

/// Many small files are taken together, and come out as if each had been taken alone.
@Suite struct SmallFilesTests {
  private static func text(_ file: Int) -> String {
    file % 50 == 49
      ? ""
      : (0..<(file % 3 + 1)).map { #"{"prompt":"\#(file) \#($0)","completion":"c","kind":"k\#(file)"}"# + "\n" }
        .joined()
  }

  @Test(arguments: [0, 1, 3]) func orderAndSourcesAreThoseOfTheFiles(workers: Int) throws {
    let folder = try TemporaryFolder()
    let count = 700
    var expected: [String] = []
    for file in 0..<count {
      try folder.write("in/\(String(file + 1000)).jsonl", Self.text(file))
      expected += (0..<Self.text(file).split(separator: "\n").count).map { "\(file) \($0)" }
    }
    let store = try Store.create(at: folder.file("store"))
    var request = IngestRequest(paths: [folder.file("in")])
    request.options.workers = workers
    request.options.task = .field("kind")
    let report = try IngestJob.run(store, request)
    #expect(report.inserted == UInt64(expected.count) && report.failures.isEmpty)
    #expect(report.sources.count == count)
    try store.read { transaction in
      for (id, prompt) in expected.enumerated() {
        let sample = try #require(try transaction.sample(SampleID(UInt64(id))))
        #expect(sample.messages[0].text == prompt)
        let file = prompt.prefix { $0 != " " }
        #expect(try transaction.source(sample.source)?.name == "in/\((Int(file) ?? 0) + 1000).jsonl")
        #expect(try transaction.task(sample.task)?.name == "k\(file)")
      }
    }
    #expect(store.nameRecordsRead == 0)
    // The same again is nothing new.
    let again = try IngestJob.run(store, request)
    #expect(again.inserted == 0 && again.duplicates == UInt64(expected.count))
    #expect(try store.verify().isSound)
  }
}
