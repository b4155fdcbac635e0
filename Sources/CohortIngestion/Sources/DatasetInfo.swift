internal import CohortCore
internal import CohortSystem

/// LLaMA-Factory's `dataset_info.json`: what the files beside it hold.
///
/// Read are `file_name`, `formatting` (alpaca, sharegpt, openai), `ranking`, `columns` and `tags`. When `columns` is
/// there, a part it does not name is not in the data; without it, the names of the format apply. Data sets that live on
/// a hub or come from a script are noted, not fetched.
struct DatasetInfo {
  static let fileName = "dataset_info.json"

  /// By file name, relative to the folder.
  private(set) var shapes: [String: RecordShape] = [:]
  private(set) var notes: [IngestionNote] = []

  init(reading path: String) throws(CohortError) {
    let input = RawInput(descriptor: try InputCall.openForReading(path), owned: true, path: path)
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    let limit = 16 << 20
    while true {
      let count = try Self.read(input, into: &chunk)
      if count == 0 { break }
      bytes.append(contentsOf: chunk[..<count])
      guard bytes.count <= limit else {
        throw .damaged("the description of the data sets", path: path, cause: "it is longer than 16 MiB")
      }
    }
    try self.init(bytes, path: path)
  }

  private static func read(_ input: RawInput, into chunk: inout [UInt8]) throws(CohortError) -> Int {
    let result = chunk.withUnsafeMutableBytes { target -> Result<Int, CohortError> in
      do throws(CohortError) { return .success(try input.read(into: target)) } catch { return .failure(error) }
    }
    return try result.get()
  }

  init(_ bytes: [UInt8], path: String) throws(CohortError) {
    let parser = try JSONParser(depth: 64)
    let padded = bytes + [UInt8](repeating: 0, count: JSONParser.padding)
    let result = padded.withUnsafeBufferPointer { buffer -> Result<UnsafeTape, JSONParser.Failure> in
      do throws(JSONParser.Failure) {
        return .success(try parser.parse(UnsafeBufferPointer(rebasing: buffer.dropLast(JSONParser.padding))))
      } catch {
        return .failure(error)
      }
    }
    guard case .success(let tape) = result, tape.kind(UnsafeTape.root) == .object else {
      var cause = "it is not an object"
      if case .failure(let failure) = result { cause = failure.detail }
      throw .damaged("the description of the data sets", path: path, cause: cause, hint: "Correct it, or move it away")
    }
    if Self.isHuggingFace(tape) {
      notes.append(IngestionNote(path: path, message: "skipped: the description of a data set of Hugging Face"))
      return
    }
    withExtendedLifetime(parser) {
      tape.forEachMember(of: UnsafeTape.root) { key, value in
        add(Entry(value, of: tape), name: tape.string(key), path: path)
        return true
      }
    }
  }

  /// Whether the file is the one of the same name that the library `datasets` writes.
  private static func isHuggingFace(_ tape: UnsafeTape) -> Bool {
    var hints = 0
    var entries = 0
    tape.forEachMember(of: UnsafeTape.root) { key, value in
      let isObject = tape.kind(value) == .object
      switch tape.string(key) {
      case "features", "splits", "builder_name", "config_name", "dataset_size", "download_size": hints += 1
      default: break
      }
      let names = ["file_name", "hf_hub_url", "ms_hub_url", "script_url", "formatting", "columns"]
      if isObject, names.contains(where: { tape.member(Array($0.utf8), of: value) != nil }) { entries += 1 }
      return true
    }
    return hints > 0 && entries == 0
  }

  private mutating func add(_ entry: Entry, name: String, path: String) {
    func note(_ message: String) { notes.append(IngestionNote(path: path, message: "data set '\(name)': \(message)")) }
    guard let file = entry.string("file_name") else { return note("has no file_name; only local files are read") }
    switch entry.string("formatting") ?? "alpaca" {
    case "alpaca": shapes[file] = entry.alpaca()
    case "sharegpt": shapes[file] = entry.conversation(name: "sharegpt", key: "conversations")
    case "openai": shapes[file] = entry.conversation(name: "messages", key: "messages")
    case let other: note("the formatting '\(other)' is not known; the layout of \(file) is detected")
    }
  }

  /// One data set, with its values taken out of the tape.
  private struct Entry {
    private var strings: [String: String] = [:]
    private var columns: [String: String]?
    private var tags: [String: String] = [:]
    private var isRanking = false

    init(_ value: Int, of tape: UnsafeTape) {
      guard tape.kind(value) == .object else { return }
      var strings: [String: String] = [:]
      var columns: [String: String]?
      var tags: [String: String] = [:]
      var isRanking = false
      tape.forEachMember(of: value) { key, member in
        switch (tape.string(key), tape.kind(member)) {
        case ("columns", .object): columns = Self.pairs(member, of: tape)
        case ("tags", .object): tags = Self.pairs(member, of: tape)
        case ("ranking", .yes): isRanking = true
        case (let name, .string): strings[name] = tape.string(member)
        default: break
        }
        return true
      }
      (self.strings, self.columns, self.tags, self.isRanking) = (strings, columns, tags, isRanking)
    }

    private static func pairs(_ object: Int, of tape: UnsafeTape) -> [String: String] {
      var pairs: [String: String] = [:]
      tape.forEachMember(of: object) { key, member in
        if tape.kind(member) == .string { pairs[tape.string(key)] = tape.string(member) }
        return true
      }
      return pairs
    }

    func string(_ name: String) -> String? { strings[name] }

    /// The key of a column: the one named, or `standard` when no columns are named at all.
    private func key(_ column: String, _ standard: String?) -> String? {
      guard let columns else { return standard }
      return columns[column]
    }

    func alpaca() -> RecordShape {
      if isRanking { return preference() }
      var fields: [RecordShape.Field] = []
      if let key = key("prompt", "instruction") { fields.append(.required(key, .prompt, .text)) }
      if let key = key("query", "input") { fields.append(.optional(key, .input)) }
      if let key = key("response", "output") { fields.append(.required(key, .response, .text)) }
      if let key = key("history", "history") { fields.append(.optional(key, .history, .list)) }
      return shape("alpaca", .pair, fields + partners(tools: nil))
    }

    func conversation(name: String, key standard: String) -> RecordShape {
      if isRanking { return preference() }
      var fields: [RecordShape.Field] = []
      if let key = key("messages", standard) { fields.append(.required(key, .messages, .turns)) }
      return shape(name, .conversation, fields + partners(tools: "tools"))
    }

    private func preference() -> RecordShape {
      var fields: [RecordShape.Field] = [
        .required(key("chosen", "chosen") ?? "chosen", .response, [.textOrTurns, .writtenTurns]),
        .required(key("rejected", "rejected") ?? "rejected", .rejected, .any),
      ]
      for (column, standard) in [("prompt", "prompt"), ("messages", nil)] {
        if let key = key(column, standard) { fields.append(.optional(key, .prompt, .textOrTurns)) }
      }
      if let key = key("query", nil) { fields.append(.optional(key, .input)) }
      return shape("preference", .preference, fields + partners(tools: nil))
    }

    private func partners(tools: String?) -> [RecordShape.Field] {
      var fields: [RecordShape.Field] = []
      if let key = key("system", "system") { fields.append(.optional(key, .system)) }
      if let key = key("tools", tools) { fields.append(.optional(key, .tools, [.string, .list])) }
      if let key = key("kto_tag", nil) { fields.append(.optional(key, .label, .truth)) }
      return fields
    }

    private func shape(_ name: String, _ body: RecordShape.Body, _ fields: [RecordShape.Field]) -> RecordShape {
      var words = TurnWords(roleKey: tags["role_tag"], contentKey: tags["content_tag"])
      let roles: [(String, TurnRole)] = [
        ("user_tag", .user), ("assistant_tag", .assistant), ("system_tag", .system), ("observation_tag", .tool),
        ("function_tag", .call),
      ]
      for (tag, role) in roles {
        if let name = tags[tag] { words.roles[name] = role }
      }
      return RecordShape(name: name, body: body, fields: fields, words: words)
    }
  }
}
