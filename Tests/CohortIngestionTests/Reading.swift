import CohortCore
import CohortIngestion
import Foundation
import Testing

/// All batches of some sources.
struct ReadResult: Equatable {
  var samples: [ReadSample] = []
  var rejections: [ReadRejection] = []
  /// `s` or `r` for each record, in order.
  var order = ""
  var batches = 0
  var notes: [String] = []
  var layouts: [String] = []
  var inputBytes: UInt64 = 0

  var reasons: [String] { rejections.map(\.reason) }
}

struct ReadSample: Equatable {
  var source: String
  var messages: [Message]
  var tools: String
  var attributes: String
  var task: String?
  var line: UInt64
  var lengths: SampleLengths
  var content: [UInt8]
  var hash: UInt64

  /// `role: text` of each message, a line each.
  var dialog: [String] { messages.map { "\($0.role.name): \($0.text)" } }
}

struct ReadRejection: Equatable {
  var line: UInt64
  var reason: String
  var detail: String
  var raw: [UInt8]
  var size: UInt64
}

func options(_ change: (inout IngestionOptions) throws -> Void) rethrows -> IngestionOptions {
  var options = IngestionOptions()
  options.workers = 0
  try change(&options)
  return options
}

/// Parsing happens in the calling thread.
func options() -> IngestionOptions { options { _ in } }

func read(_ sources: [InputSource], _ options: IngestionOptions = options()) throws -> ReadResult {
  var result = ReadResult()
  let reader = try IngestionReader(sources: sources, options: options)
  while let next = try reader.next() {
    try result.add(next)
  }
  return result
}

func read(_ text: String, named name: String = "input", _ options: IngestionOptions = options()) throws -> ReadResult {
  try read([.memory(Array(text.utf8), name: name)], options)
}

func readLines(_ lines: [String], _ options: IngestionOptions = options()) throws -> ReadResult {
  try read(lines.joined(separator: "\n") + "\n", options)
}

extension ReadResult {
  mutating func add(_ next: SourceBatch) throws {
    let batch = next.batch
    #expect(batch.records.count == batch.rows.count + batch.rejections.count)
    batches += 1
    inputBytes += batch.inputBytes
    notes += next.notes.map(\.message)
    if next.finishedSource { layouts.append(next.layout ?? "-") }
    for record in batch.records {
      switch record {
      case .sample(let index):
        order += "s"
        samples.append(try ReadSample(batch.rows[index], of: batch, source: next.source.name))
      case .rejected(let index):
        order += "r"
        let rejection = batch.rejections[index]
        rejections.append(
          ReadRejection(
            line: rejection.line, reason: rejection.reason, detail: rejection.detail, raw: rejection.raw,
            size: rejection.rawSize))
      }
    }
  }
}

extension ReadSample {
  init(_ row: SampleBatch.Row, of batch: SampleBatch, source: String) throws {
    let content = Array(batch.arena[row.content])
    let (messages, tools) = try content.withUnsafeBytes { try SampleContent.decode($0) }
    self.init(
      source: source, messages: messages, tools: String(decoding: tools, as: UTF8.self),
      attributes: String(decoding: batch.arena[row.attributes], as: UTF8.self), task: row.task.map { batch.tasks[$0] },
      line: row.line, lengths: row.lengths, content: content, hash: row.contentHash)
  }
}
