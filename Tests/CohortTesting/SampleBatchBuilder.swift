package import CohortCore
package import CohortStore

/// Batches as ingestion would make them, from prompts and responses.
package struct SampleBatchBuilder {
  package private(set) var batch = SampleBatch()

  package init() {}

  package mutating func add(
    prompt: String, response: String, task: String? = nil, attributes: String = "", line: UInt64? = nil
  ) {
    add(
      [Message(role: .user, text: prompt), Message(role: .assistant, text: response)],
      lengths: SampleLengths(
        prompt: UInt32(prompt.utf8.count), response: UInt32(response.utf8.count),
        total: UInt32(prompt.utf8.count + response.utf8.count)),
      task: task, attributes: attributes, line: line)
  }

  /// A sample of any messages, with the lengths that it shall have.
  package mutating func add(
    _ messages: [Message], lengths: SampleLengths, task: String? = nil, attributes: String = "", line: UInt64? = nil
  ) {
    let content = SampleContent.encode(messages)
    let start = batch.arena.count
    batch.arena += content
    let middle = batch.arena.count
    batch.arena += Array(attributes.utf8)
    var index: Int?
    if let task {
      index = batch.tasks.firstIndex(of: task)
      if index == nil {
        index = batch.tasks.count
        batch.tasks.append(task)
      }
    }
    batch.rows.append(
      SampleBatch.Row(
        content: start..<middle, attributes: middle..<batch.arena.count, contentHash: XXH3.hash64(content), task: index,
        line: line ?? UInt64(batch.records.count + 1), lengths: lengths))
    batch.records.append(.sample(batch.rows.count - 1))
  }

  package mutating func reject(_ raw: String, reason: String = "invalid-json") {
    batch.rejections.append(
      SampleBatch.Rejection(
        line: UInt64(batch.records.count + 1), reason: reason, detail: "test", raw: Array(raw.utf8),
        rawSize: UInt64(raw.utf8.count)))
    batch.records.append(.rejected(batch.rejections.count - 1))
  }

  package var prepared: PreparedBatch { PreparedBatch(batch) }
}
