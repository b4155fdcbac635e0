internal import CohortCore
internal import CohortIngestion
internal import CohortStore

/// One sample on its way into a line.
struct ExportedRow {
  let sample: StoredSample
  /// The name of its task.
  let task: String?
  /// Whether readers of the file take the key `task` for the task, though this sample has none.
  var reservesTask = false
  /// What is asked for beside the sample, by key, in order.
  var columns: [(key: String, value: Column)] = []

  enum Column {
    case number(UInt64)
    case text(String)
  }

  /// How `promptCompletion` holds the samples of one file: readers of columns take one type only.
  enum Form { case texts, messages }

  /// - Throws: `ExportSkip` when the layout cannot hold the sample; `pipeline.attributes`.
  func line(as layout: ExportLayout, _ form: Form) throws -> ExportedLine {
    var line = ExportedLine()
    switch layout {
    case .messages: line.add("messages", json: try openAI(sample.messages[...]))
    case .jsonl, .csv:
      line.add("prompt", text: promptText)
      if let responseText { line.add("response", text: responseText) }
      line.add("messages", json: try openAI(sample.messages[...]))
    case .sharegpt: try addConversation(to: &line)
    case .alpaca: try addAlpaca(to: &line)
    case .promptCompletion: try addPromptAndCompletion(form, to: &line)
    case .preference: try addPreference(to: &line)
    }
    if !sample.tools.isEmpty {
      if layout == .sharegpt {
        // As a text: lists of unlike objects are no column.
        line.add("tools", text: String(decoding: sample.tools, as: UTF8.self))
      } else {
        line.add("tools", json: sample.tools)
      }
    }
    if let task { line.add("task", text: task) }
    for (key, value) in columns {
      switch value {
      case .number(let number): line.add(key, number: number)
      case .text(let text): line.add(key, text: text)
      }
    }
    let reserved = layout.reservedKeys + (reservesTask ? ["task"] : [])
    guard line.addAttributes(sample.attributes, reserved: reserved, lists: ExportLayout.conversationKeys) else {
      throw CohortError(
        .pipelineAttributes, "The attributes of a sample are not a JSON object", place: "sample \(sample.id)")
    }
    return line
  }

  /// Messages as OpenAI writes them: the members of a message's extra object join role and content.
  func openAI(_ messages: ArraySlice<Message>) throws(ExportSkip) -> [UInt8] {
    var bytes: [UInt8] = [UInt8(ascii: "[")]
    for message in messages {
      if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
      bytes += try Self.turn(("role", message.role.name), ("content", message.text), message.extra)
    }
    return bytes + [UInt8(ascii: "]")]
  }

  /// - Throws: `messageKeys` where the object would have a key twice.
  static func turn(
    _ role: (key: String, name: String), _ content: (key: String, text: String), _ extra: [UInt8]
  ) throws(ExportSkip) -> [UInt8] {
    guard extra.isEmpty || hasUniqueKeys(extra, beside: [role.key, content.key]) else { throw .messageKeys }
    var line = ExportedLine()
    line.add(role.key, text: role.name)
    line.add(content.key, text: content.text)
    _ = line.addAttributes(extra)
    return line.bytes + [UInt8(ascii: "}")]
  }

  private static func hasUniqueKeys(_ extra: [UInt8], beside keys: [String]) -> Bool {
    var names = keys.map { Array($0.utf8) }
    var areUnique = true
    let isObject = extra.withUnsafeBytes { extra in
      CanonicalObject.forEachMember(of: extra) { name, _ in
        areUnique = !names.contains { name.elementsEqual($0) }
        names.append(Array(name))
        return areUnique
      }
    }
    return isObject && areUnique
  }

  // MARK: Texts

  /// The sample as two texts.
  /// - Throws: `ExportSkip` when they would not hold all that it says.
  private func pair() throws(ExportSkip) -> (prompt: String, response: String) {
    guard sample.messages.map(\.role) == [.user, .assistant] else { throw .turnOrder }
    guard sample.messages.allSatisfy(\.extra.isEmpty) else { throw .messageExtras }
    return (sample.messages[0].text, sample.messages[1].text)
  }

  /// The form of `promptCompletion` that holds the sample: two texts rather than messages; nil when neither does. Readers drop
  /// one mark of the end from a completion, and know no tools beside texts.
  var form: Form? {
    if sample.tools.isEmpty, let (_, response) = try? pair(), !response.hasSuffix("<|endoftext|>") { return .texts }
    var line = ExportedLine()
    return (try? addPromptAndCompletion(.messages, to: &line)).map { .messages }
  }

  private func addPromptAndCompletion(_ form: Form, to line: inout ExportedLine) throws(ExportSkip) {
    let last = try lastResponse()
    guard last > 0 else { throw .noPrompt }
    if form == .texts {
      let (prompt, response) = try pair()
      line.add("prompt", text: prompt)
      line.add("completion", text: response)
    } else {
      line.add("prompt", json: try openAI(sample.messages[..<last]))
      line.add("completion", json: try openAI(sample.messages[last...]))
    }
  }

  /// The response's index, where nothing follows it.
  private func lastResponse() throws(ExportSkip) -> Int {
    guard let response = sample.parts.response else { throw .noResponse }
    guard response == sample.messages.count - 1 else { throw .responseNotLast }
    return response
  }

  /// The response as the chosen one. `rejected` is the attribute, and stands among the others.
  private func addPreference(to line: inout ExportedLine) throws(ExportSkip) {
    guard let rejected = attribute("rejected") else { throw .noRejected }
    let response = try lastResponse()
    if rejected.first == UInt8(ascii: "\"") {
      guard sample.tools.isEmpty, response <= 1, sample.messages.allSatisfy(\.extra.isEmpty),
        sample.messages[..<response].allSatisfy({ $0.role == .user })
      else { throw .rejectedForm }
      if response > 0 { line.add("prompt", text: sample.messages[0].text) }
      line.add("chosen", text: sample.messages[response].text)
      return
    }
    guard let role = Self.firstRole(rejected) else { throw .rejectedForm }
    // A list that does not begin with an answer holds the prompt, too: so does the chosen one, then.
    let start = role.elementsEqual("\"assistant\"".utf8) ? response : 0
    if start > 0 { line.add("prompt", json: try openAI(sample.messages[..<start])) }
    line.add("chosen", json: try openAI(sample.messages[start...]))
  }

  /// The value of an attribute, as it is stored; nil when the sample does not have it.
  func attribute(_ key: String) -> [UInt8]? {
    var found: [UInt8]?
    sample.attributes.withUnsafeBytes { attributes in
      _ = CanonicalObject.forEachMember(of: attributes) { name, value in
        if name.elementsEqual(key.utf8) { found = Array(value) }
        return found == nil
      }
    }
    return found
  }

  /// The role of the first message of a list, as JSON; nil when it is no list of messages.
  private static func firstRole(_ list: [UInt8]) -> [UInt8]? {
    var role: [UInt8]?
    list.withUnsafeBytes { list in
      _ = CanonicalObject.forEachElement(of: list) { message in
        CanonicalObject.forEachMember(of: message) { name, value in
          if name.elementsEqual("role".utf8) { role = Array(value) }
          return role == nil
        }
        return false
      }
    }
    return role
  }
}

extension ExportLayout {
  /// Keys under which readers look for a conversation, whatever else a record has.
  static let conversationKeys = ["messages", "conversations"]

  /// Keys that readers take for a part of the sample, though a line may lack them; in lower case.
  var reservedKeys: [String] { Self.partKeys[self] ?? [] }

  private static let partKeys = Dictionary(
    uniqueKeysWithValues: allCases.map { layout in
      (layout, layout.readAs.flatMap { Layout.named($0) }?.partKeys.map { $0.lowercased() } ?? [])
    })
}
