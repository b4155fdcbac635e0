internal import CohortClustering
internal import CohortCore
internal import CohortEmbedding
internal import CohortIngestion
internal import CohortStore
internal import Foundation

/// Labelled anchors in a file: JSON lines with a vector or a text each, or a `.npy` file with its labels beside it.
struct AnchorFile {
  let path: String
  let space: EmbeddingSpace
  let encoder: (any TextEncoder)?

  /// - Throws: `pipeline.anchors`, `clustering.anchor` or `ingestion.…`, with file and line.
  func read() throws -> AnchorSet { try path.hasSuffix(".npy") ? readArray() : readLines() }

  // MARK: JSON lines

  private struct Line: Decodable {
    var label: String?
    var vector: [Float]?
    var text: String?
  }

  private func readLines() throws -> AnchorSet {
    var labels: [String] = []
    var vectors: [[Float]?] = []
    var texts: [(row: Int, text: String)] = []
    var numbers: [Int] = []
    for (number, line) in try lines(of: path) {
      let row: Line = try decode(line, number)
      guard let label = row.label, !label.isEmpty else { throw error("The anchor has no label", line: number) }
      switch (row.vector, row.text) {
      case (let vector?, nil): vectors.append(vector)
      case (nil, let text?):
        texts.append((vectors.count, text))
        vectors.append(nil)
      default: throw error("An anchor has either a vector or a text", line: number)
      }
      labels.append(label)
      numbers.append(number)
    }
    for (row, vector) in try encode(texts, numbers) { vectors[row] = vector }
    return try AnchorSet(
      dimension: space.dimension, rows: zip(labels, vectors).map { ($0, $1 ?? []) },
      place: { "\(path), line \(numbers[$0])" })
  }

  /// The vectors of the texts, by row.
  private func encode(_ texts: [(row: Int, text: String)], _ numbers: [Int]) throws -> [(Int, [Float])] {
    guard let first = texts.first else { return [] }
    guard let encoder else {
      throw error(
        "The anchor is a text, and the encoder of space \"\(space.name)\" is not at hand", line: numbers[first.row],
        hint: "Give vectors that the same model made")
    }
    guard encoder.identity.provider == space.provider, encoder.identity.fingerprint == space.fingerprint else {
      throw error(
        "The encoder is not the one that made the vectors of space \"\(space.name)\"", line: numbers[first.row],
        hint: "Vectors of two models never mix")
    }
    var vectors: [(Int, [Float])] = []
    for start in stride(from: 0, to: texts.count, by: max(encoder.batching.texts, 1)) {
      let part = texts[start..<min(start + max(encoder.batching.texts, 1), texts.count)]
      for ((row, _), encoded) in zip(part, try encoder.encode(part.map(\.text))) {
        switch encoded {
        case .vector(let values): vectors.append((row, values))
        case .none: throw error("The anchor's text has no vector", line: numbers[row])
        case .refused(let reason): throw error("The anchor's text is refused: \(reason)", line: numbers[row])
        }
      }
    }
    return vectors
  }

  // MARK: Without labels

  /// The vectors alone, of any length but 0: of JSON lines with a vector or a text each, or of a `.npy` file.
  /// - Throws: `pipeline.anchors` or `ingestion.…`, with file and line.
  func vectors() throws -> [[Float]] {
    guard !path.hasSuffix(".npy") else {
      let reader = try NPYReader(path: path, expectedDimension: space.dimension)
      return try reader.withRows(0..<reader.count) { values, _ in
        (0..<reader.count).map { Array(values[($0 * space.dimension)..<(($0 + 1) * space.dimension)]) }
      }
    }
    var vectors: [[Float]?] = []
    var texts: [(row: Int, text: String)] = []
    var numbers: [Int] = []
    for (number, line) in try lines(of: path) {
      let row: Line = try decode(line, number)
      switch (row.vector, row.text) {
      case (let vector?, nil): vectors.append(vector)
      case (nil, let text?):
        texts.append((vectors.count, text))
        vectors.append(nil)
      default: throw error("A line has either a vector or a text", line: number)
      }
      numbers.append(number)
    }
    for (row, vector) in try encode(texts, numbers) { vectors[row] = vector }
    return vectors.map { $0 ?? [] }
  }

  // MARK: Arrays

  private func readArray() throws -> AnchorSet {
    let reader = try NPYReader(path: path, expectedDimension: space.dimension)
    let labels = try readLabels()
    guard labels.count == reader.count else {
      throw CohortError(
        .pipelineAnchors, "There are \(reader.count) vectors and \(labels.count) labels", place: path,
        hint: "Label i belongs to row i")
    }
    return try reader.withRows(0..<reader.count) { values, _ in
      try AnchorSet(
        dimension: space.dimension,
        rows: labels.enumerated().map { row, label in
          (label, Array(values[(row * space.dimension)..<((row + 1) * space.dimension)]))
        }, place: { "\(path), row \($0)" })
    }
  }

  /// One label a line, beside the array: text as it is, or JSON.
  private func readLabels() throws -> [String] {
    let candidates = [path.dropLast(4), path[...]].flatMap { ["\($0).labels.txt", "\($0).labels.jsonl"] }
    guard let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
      throw CohortError(
        .pipelineAnchors, "The anchors' labels are missing", place: path,
        hint: "Write one label a line into \(candidates[0])")
    }
    let labels = AnchorFile(path: found, space: space, encoder: nil)
    return try labels.lines(of: found).map { number, line in
      guard found.hasSuffix(".jsonl") else {
        guard let text = String(validating: line, as: UTF8.self) else {
          throw labels.error("The label is not valid UTF-8", line: number)
        }
        return text
      }
      if let text = try? JSONDecoder().decode(String.self, from: line) { return text }
      let row: Line = try labels.decode(line, number)
      guard let label = row.label else { throw labels.error("There is no label", line: number) }
      return label
    }
  }

  // MARK: Lines

  /// Lines that are not blank, with their numbers from 1.
  private func lines(of path: String) throws -> [(number: Int, line: Data)] {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw CohortError(
        .pipelineAnchors, category: FileManager.default.fileExists(atPath: path) ? .failure : .notFound,
        "The anchors cannot be read", place: path, cause: error.localizedDescription)
    }
    return data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
      .map { ($0.offset + 1, Data($0.element.last == UInt8(ascii: "\r") ? $0.element.dropLast() : $0.element)) }
      .filter { !$0.1.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } }
  }

  private func decode<T: Decodable>(_ line: Data, _ number: Int) throws -> T {
    do {
      return try JSONDecoder().decode(T.self, from: line)
    } catch {
      throw self.error(
        "The line is not an anchor", line: number,
        hint: #"Write {"label": "...", "vector": [...]} or {"label": "...", "text": "..."}"#)
    }
  }

  private func error(_ message: String, line: Int, hint: String? = nil) -> CohortError {
    CohortError(.pipelineAnchors, message, place: "\(path), line \(line)", hint: hint)
  }
}
