public import CohortCore

/// Which fields of a record hold what: `prompt=code,response=api_call`. A key may be a dotted path into nested objects
/// and lists (`choices.0.text`); a key that itself holds a dot is found first.
public struct FieldMap: Hashable, Sendable {
  /// The parts and their keys, in the order in which they were named.
  private(set) var keys: [FieldSlot: String] = [:]

  /// What is asked, the answer, the task label, and the instructions above the conversation; nil for those that the layout
  /// says, or that are not there.
  public init(prompt: String? = nil, response: String? = nil, task: String? = nil, system: String? = nil) {
    for (slot, key) in [(FieldSlot.prompt, prompt), (.response, response), (.task, task), (.system, system)] {
      keys[slot] = key
    }
  }

  /// Reads `NAME=KEY,NAME=KEY`, each name at most once: prompt, response, messages, system, task, input, tools, history,
  /// definition, rejected, label, reasoning.
  /// - Throws: `ingestion.invalid-map`.
  public init(parsing text: String) throws(CohortError) {
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let equals = part.firstIndex(of: "="), part.index(after: equals) < part.endIndex else {
        throw .usage(.ingestionInvalidMap, "'\(part)' in the map is not NAME=KEY", hint: Self.form)
      }
      try set(String(part[..<equals]), to: String(part[part.index(after: equals)...]))
    }
  }

  /// Notes the key of a part by its word.
  /// - Throws: `ingestion.invalid-map`.
  mutating func set(_ name: String, to key: String) throws(CohortError) {
    guard let slot = FieldSlot(word: Self.aliases[name] ?? name) else {
      let near = Spelling.nearest(to: name, among: Self.words)
      throw .usage(
        .ingestionInvalidMap, "'\(name)' is not a part of a sample",
        hint: (near.map { "Did you mean '\($0)'? " } ?? "") + Self.form + ". Parts are "
          + Self.words.joined(separator: ", "))
    }
    guard keys.updateValue(key, forKey: slot) == nil else {
      throw .usage(.ingestionInvalidMap, "'\(name)' is mapped twice", hint: Self.form)
    }
  }

  subscript(_ slot: FieldSlot) -> String? { keys[slot] }

  /// Whether it says by itself where a sample's texts are, so that no layout is needed.
  var standsAlone: Bool { keys[.response] != nil || keys[.messages] != nil }

  /// The parts that a map can name.
  static let words = FieldSlot.allCases.compactMap(\.word)
  private static let aliases = ["completion": "response", "context": "input", "conversations": "messages"]
  private static let form = "Write it as --map prompt=KEY,response=KEY or --map messages=KEY, and task=KEY,system=KEY,…"
}

extension RecordShape {
  /// A shape given by a map alone: a list of turns, or one text each, and no prompt if none is mapped.
  init(map: FieldMap) {
    var fields: [Field] = []
    if let key = map[.messages] { fields.append(.required(key, .messages, .turns)) }
    if let key = map[.response] { fields.append(.required(key, .response, [.textOrTurns, .list, .object])) }
    if let key = map[.prompt] { fields.append(.required(key, .prompt, [.textOrTurns, .list, .object])) }
    for slot in FieldSlot.allCases where ![.messages, .response, .prompt, .task].contains(slot) {
      if let key = map[slot] { fields.append(.optional(key, slot, .any)) }
    }
    let body: Body =
      map[.response] == nil ? .conversation : map[.rejected] != nil && map[.messages] == nil ? .preference : .pair
    self.init(name: "map", body: body, fields: fields)
  }

  /// The shape with the fields of `map` in place of its own.
  func replacing(with map: FieldMap) -> RecordShape {
    var copy = self
    for (slot, key) in map.keys where slot != .task {
      let old = copy.field(in: slot)
      copy.fields.removeAll { $0.slot == slot || $0.key == key }
      copy.fields.append(
        Field(
          key: key, slot: slot, kinds: (old?.kinds ?? []).union(old?.isRequired == true ? .textOrTurns : .any),
          isRequired: old?.isRequired ?? false))
    }
    return copy
  }
}
