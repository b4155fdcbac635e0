import CohortTesting
import Foundation

/// A folder with a static model, removed at the end of the test.
final class ModelFolder {
  private let folder: TemporaryFolder

  var path: String { folder.path }

  static let words = ["[PAD]", "[UNK]", "[CLS]", "the", "cat", "sat", "##s", "on", "mat", ".", "cafe", "[SEP]"]

  init() throws { folder = try TemporaryFolder() }

  func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
    try folder.write(name, bytes)
  }

  func writeTokenizer() throws {
    let vocabulary = Dictionary(uniqueKeysWithValues: Self.words.enumerated().map { ($1, $0) })
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map {
      ["id": vocabulary[$0] ?? 0, "content": $0, "special": true, "normalized": false] as [String: Any]
    }
    let file: [String: Any] = [
      "version": "1.0", "truncation": ["max_length": 2], "padding": ["strategy": ["Fixed": 9]],
      "added_tokens": special,
      "normalizer": [
        "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": NSNull(),
        "lowercase": true,
      ],
      "pre_tokenizer": ["type": "BertPreTokenizer"],
      "model": [
        "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
        "vocab": vocabulary,
      ],
    ]
    try write(JSONSerialization.data(withJSONObject: file, options: .sortedKeys), to: "tokenizer.json")
  }

  func writeConfiguration(_ text: String = #"{"normalize": false}"#) throws { try write(text.utf8, to: "config.json") }

  /// Writes `model.safetensors`.
  func writeTensors(_ tensors: [(name: String, type: String, shape: [Int], bytes: [UInt8])]) throws {
    try write(Self.safetensors(tensors), to: "model.safetensors")
  }

  static func safetensors(_ tensors: [(name: String, type: String, shape: [Int], bytes: [UInt8])]) -> [UInt8] {
    var parts: [String] = []
    var data: [UInt8] = []
    for tensor in tensors {
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      parts.append(
        #""\#(tensor.name)":{"dtype":"\#(tensor.type)","shape":[\#(shape)],"data_offsets":[\#(data.count),"#
          + "\(data.count + tensor.bytes.count)]}")
      data += tensor.bytes
    }
    let header = Array("{\(parts.joined(separator: ","))}".utf8)
    return bytes([UInt64(header.count)]) + header + data
  }

  static func bytes<T>(_ values: [T]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }
}
