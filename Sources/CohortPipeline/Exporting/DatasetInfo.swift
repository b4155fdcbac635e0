internal import CohortCore
internal import Foundation

/// LLaMA-Factory's description of an exported file: an entry in `dataset_info.json` beside it.
enum DatasetInfo {
  /// Adds the entry, and leaves those of other files as they are.
  static func write(for request: ExportRequest) throws {
    guard request.path != "-", let entry = entry(for: request.layout) else { return }
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

  private static func entry(for layout: ExportLayout) -> [String: AttributeValue]? {
    switch layout {
    case .alpaca:
      [
        "formatting": .string("alpaca"),
        "columns": .object([
          "prompt": .string("instruction"), "query": .string("input"), "response": .string("output"),
          "system": .string("system"),
        ]),
      ]
    case .sharegpt:
      [
        "formatting": .string("sharegpt"),
        "columns": .object([
          "messages": .string("conversations"), "system": .string("system"), "tools": .string("tools"),
        ]),
      ]
    case .messages:
      [
        "formatting": .string("sharegpt"), "columns": .object(["messages": .string("messages")]),
        "tags": .object([
          "role_tag": .string("role"), "content_tag": .string("content"), "user_tag": .string("user"),
          "assistant_tag": .string("assistant"), "system_tag": .string("system"),
        ]),
      ]
    case .promptCompletion: nil
    }
  }
}
