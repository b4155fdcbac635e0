import CohortCore
import CohortIngestion
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation
import Testing

/// What was exported can be ingested again, and is then the same.
@Suite struct ExportTests {
  static let hostile = "quote \" backslash \\ newline \n tab \t bell \u{7} line \u{2028} emoji 🦆 e\u{301}"

  private func store(in folder: TemporaryFolder) throws -> Store {
    let rows: [[String: Any]] = [
      [
        "messages": [["role": "user", "content": Self.hostile], ["role": "assistant", "content": "yes"]], "topic": "x",
      ],
      [
        "messages": [
          ["role": "system", "content": "be brief"], ["role": "user", "content": "one"],
          ["role": "assistant", "content": "1"], ["role": "user", "content": "two"],
          ["role": "assistant", "content": "2"],
        ]
      ],
    ]
    let lines = try rows.map { String(decoding: try JSONSerialization.data(withJSONObject: $0), as: UTF8.self) }
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: folder.file("in.jsonl")))
    let store = try Store.create(at: folder.file("store"))
    var request = IngestRequest(paths: [folder.file("in.jsonl")])
    request.options.task = .fixed("chat")
    let report = try IngestJob.run(store, request)
    #expect(report.inserted == 2)
    return store
  }

  private func content(of store: Store) throws -> [[Message]] {
    try store.read { transaction in
      try (0..<(try transaction.counters.nextSample)).compactMap { try transaction.sample(SampleID($0))?.messages }
    }
  }

  @Test(arguments: [ExportLayout.messages, .sharegpt, .promptCompletion, .jsonl])
  func conversationsComeBack(layout: ExportLayout) throws {
    let folder = try TemporaryFolder()
    let first = try store(in: folder)
    try FileManager.default.createDirectory(atPath: folder.file("out"), withIntermediateDirectories: true)
    let path = folder.file("out/data.jsonl")
    let report = try ExportJob.run(first, ExportRequest(scope: .everything, layout: layout, path: path))
    #expect(report.written == 2 && report.skipped.isEmpty)
    let second = try Store.create(at: folder.file("second"))
    var request = IngestRequest(paths: [path])
    request.options.task = .field("task")
    let ingested = try IngestJob.run(second, request)
    #expect(ingested.inserted == 2 && ingested.quarantined == 0)
    #expect(try content(of: second) == content(of: first))
    #expect(try second.read { try $0.tasks().map(\.name) } == ["chat"])
  }

  /// A table is for other programs: a header, a row for each sample, texts with their line ends and quotes as they are.
  @Test func aTableHasARowForEachSample() throws {
    let folder = try TemporaryFolder()
    let line =
      #"{"messages":[{"role":"user","content":"say \"a, b\"\nnow"},{"role":"assistant","content":"a, b"}],"score":8.0}"#
    let store = try Store.create(at: folder.file("store"))
    _ = try IngestJob.run(store, IngestRequest(paths: [try folder.write("in.jsonl", line)]))
    let path = folder.file("out.csv")
    let report = try ExportJob.run(store, ExportRequest(scope: .everything, layout: .csv, path: path))
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let name = try #require(try store.read { try $0.sources() }.first?.name)
    #expect(
      text == "id,source,line,task,prompt,response,messages,tools,attributes,"
        + "prompt_length,response_length,total_length\r\n"
        + "0,\(name),1,,\"say \"\"a, b\"\"\nnow\",\"a, b\","
        + #""[{""role"":""user"",""content"":""say \""a, b\""\nnow""},{""role"":""assistant"",""content"":""a, b""}]","#
        + #","{""score"":8.0}",14,4,18"# + "\r\n")
    #expect(report.written == 1 && report.bytes == UInt64(text.utf8.count) && report.skipped.isEmpty)
    // Also of nothing.
    let none = folder.file("none.csv")
    _ = try ExportJob.run(store, ExportRequest(scope: .samples([]), layout: .csv, path: none))
    #expect(try String(contentsOfFile: none, encoding: .utf8).hasPrefix("id,source,"))
  }

  @Test func everyFileIsDescribed() throws {
    let folder = try TemporaryFolder()
    let first = try store(in: folder)
    let path = folder.file("alpaca.jsonl")
    let report = try ExportJob.run(first, ExportRequest(scope: .everything, layout: .alpaca, path: path))
    #expect(report.written == 2 && report.skipped.isEmpty && report.note == nil)
    let info = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(fileURLWithPath: folder.file("dataset_info.json"))))
    #expect((info as? [String: Any])?.keys.contains("alpaca") == true)
  }
}
