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
    case "sharegpt": shapes[file] = entry.conversation(layout: .sharegpt, dialect: .sharegpt)
    case "openai": shapes[file] = entry.conversation(layout: .messages, dialect: .openAI)
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
      if isRanking { return preference(dialect: .openAI) }
      var fields: [RecordShape.Field] = []
      if let key = key("prompt", "instruction") { fields.append(.required(key, .prompt)) }
      if let key = key("query", "input") { fields.append(.optional(key, .input)) }
      if let key = key("response", "output") { fields.append(.required(key, .response)) }
      if let key = key("system", "system") { fields.append(.optional(key, .system)) }
      if let key = key("history", "history") { fields.append(.optional(key, .history, .list)) }
      if let key = key("tools", nil) { fields.append(.optional(key, .tools, [.string, .list])) }
      return RecordShape(layout: .alpaca, body: .pair, fields: fields)
    }

    func conversation(layout: Layout, dialect standard: MessageDialect) -> RecordShape {
      let dialect = dialect(standard)
      if isRanking { return preference(dialect: dialect) }
      let messages = layout == .sharegpt ? "conversations" : "messages"
      var fields: [RecordShape.Field] = []
      if let key = key("messages", messages) { fields.append(.required(key, .messages, .messages)) }
      if let key = key("system", "system") { fields.append(.optional(key, .system)) }
      if let key = key("tools", "tools") { fields.append(.optional(key, .tools, [.string, .list])) }
      return RecordShape(layout: layout, body: .conversation, fields: fields, dialect: dialect)
    }

    private func preference(dialect: MessageDialect) -> RecordShape {
      var fields: [RecordShape.Field] = [
        .required(key("chosen", "chosen") ?? "chosen", .response, [.string, .messages]),
        .required(key("rejected", "rejected") ?? "rejected", .rejected, .any),
      ]
      if let key = key("prompt", "prompt") { fields.append(.optional(key, .prompt, [.string, .messages])) }
      return RecordShape(layout: .preference, body: .preference, fields: fields, dialect: dialect)
    }

    private func dialect(_ standard: MessageDialect) -> MessageDialect {
      var dialect = standard
      if let key = tags["role_tag"] { dialect.roleKey = key }
      if let key = tags["content_tag"] { dialect.contentKey = key }
      let roles: [(String, MessageDialect.Role)] = [
        ("user_tag", .user), ("assistant_tag", .assistant), ("system_tag", .system), ("observation_tag", .tool),
        ("function_tag", .call),
      ]
      for (tag, role) in roles {
        if let name = tags[tag] { dialect.roles[name] = role }
      }
      return dialect
    }
  }
}
