internal import CohortCore
internal import Foundation

/// LLaMA-Factory's description of an exported file: an entry in `dataset_info.json` beside it.
enum DatasetInfo {
  /// Adds the entry, and leaves those of other files as they are.
  static func write(for request: ExportRequest, _ facts: ExportFacts) throws {
    guard request.path != "-", let entry = entry(for: request.layout, facts) else { return }
    let file = URL(fileURLWithPath: request.path)
    let url = file.deletingLastPathComponent().appendingPathComponent("dataset_info.json")
    var all: [String: AttributeValue] = [:]
    if FileManager.default.fileExists(atPath: url.path) {
      do {
        all = try JSONDecoder().decode([String: AttributeValue].self, from: Data(contentsOf: url))
      } catch {
        throw CohortError(
          .pipelineDatasetInfo, "The dataset_info.json beside the file cannot be read", place: url.path,
          cause: "\(error)", hint: "Mend or remove it; the export itself is complete")
      }
    }
    all[file.deletingPathExtension().lastPathComponent] = .object(
      entry.merging(["file_name": .string(file.lastPathComponent)]) { $1 })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      try encoder.encode(all).write(to: url, options: .atomic)
    } catch {
      throw CohortError(.pipelineDatasetInfo, "dataset_info.json cannot be written", place: url.path, cause: "\(error)")
    }
  }

  /// The keys that some line has: a reader fails at a column that no line has.
  private static func entry(
    for layout: ExportLayout, _ facts: ExportFacts
  ) -> [String: AttributeValue]? {
    func columns(_ fixed: [String: String], _ optional: [String]) -> AttributeValue {
      var all = fixed
      for key in optional where facts.keys.contains(key) { all[key] = key }
      if facts.labelled > 0, facts.labelled == facts.lines { all["kto_tag"] = "label" }
      return .object(all.mapValues { .string($0) })
    }
    switch layout {
    case .alpaca:
      return [
        "formatting": .string("alpaca"),
        "columns": columns(
          ["prompt": "instruction", "query": "input", "response": "output"], ["system", "history"]),
      ]
    case .sharegpt:
      return [
        "formatting": .string("sharegpt"),
        "columns": columns(["messages": "conversations"], ["system", "tools"]),
        "tags": tags(
          ["from", "value", "human", "gpt", "system"], observation: "observation", function: "function_call"),
      ]
    case .messages:
      // Only its own reader for OpenAI's messages knows `tool_calls`; the other one is older.
      return [
        "formatting": .string(facts.hasTools ? "openai" : "sharegpt"),
        "columns": columns(["messages": "messages"], ["tools"]),
        "tags": tags(
          ["role", "content", "user", "assistant", "system"], observation: "tool", function: "function_call"),
      ]
    case .preference where facts.lines > 0 && facts.rejectedTexts == facts.lines && facts.keys.contains("prompt"):
      return [
        "formatting": .string("alpaca"), "ranking": .truth(true),
        "columns": columns(["prompt": "prompt", "chosen": "chosen", "rejected": "rejected"], []),
      ]
    case .promptCompletion, .preference, .jsonl, .csv: return nil
    }
  }

  private static func tags(_ names: [String], observation: String, function: String) -> AttributeValue {
    let keys = ["role_tag", "content_tag", "user_tag", "assistant_tag", "system_tag"]
    var tags = Dictionary(uniqueKeysWithValues: zip(keys, names.map { AttributeValue.string($0) }))
    tags["observation_tag"] = .string(observation)
    tags["function_tag"] = .string(function)
    return .object(tags)
  }
}
