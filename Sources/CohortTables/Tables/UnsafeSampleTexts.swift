internal import CSQLiteTables
internal import CohortCore
internal import CohortReading
internal import CohortStore

/// The texts of one sample, which is read and decompressed when the first of them is asked for.
final class SampleTexts {
  private var id: SampleID?
  private var isThere = false
  private var bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 12, alignment: 16)
  private var attributesPlace = 0..<0
  private var toolsPlace = 0..<0
  private var places: [SampleContent.MessagePlace] = []
  private var parts = SampleParts([])
  private let joined = KeptBytes()

  deinit { bytes.deallocate() }

  /// Forgets the sample: another state of the store may have others.
  func forget() { id = nil }

  /// Reads a sample unless it is the one that was read last.
  /// - Throws: `store.corrupted`; `tables.argument` for one with more bytes than a value may have.
  func read(_ wanted: SampleID, limit: Int, _ transaction: borrowing ReadTransaction) throws {
    guard id != wanted else { return }
    id = nil
    var number = wanted.rawValue
    var copied = CopiedSample()
    try withUnsafeMutablePointer(to: &number) { number in
      try withUnsafeMutablePointer(to: &copied) { copied in
        _ = try transaction.copySamples(
          UnsafeBufferPointer(start: number, count: 1), to: UnsafeMutableBufferPointer(start: copied, count: 1)
        ) { try reserve($0, of: wanted, limit: limit) }
      }
    }
    isThere = copied.state == .present
    attributesPlace = copied.attributes
    places.removeAll(keepingCapacity: true)
    if isThere {
      let start = copied.content.lowerBound
      let content = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[copied.content])
      do {
        toolsPlace = try SampleContent.forEachPlace(in: content) { places.append($0) }
      } catch let error as CohortError where error.isFormat {
        throw CohortError(
          .readingUnreadableSample, "A sample cannot be read", place: "sample \(wanted)", cause: error.description)
      }
      precondition(start == 0, "a single sample begins where its room begins")
      parts = SampleParts(count: places.count) { message in
        guard places[message].role == .assistant else { return .other }
        return SampleContent.isMasked(buffer(places[message].extra)) ? .masked : .trained
      }
    }
    id = wanted
  }

  private func reserve(_ count: Int, of id: SampleID, limit: Int) throws -> UnsafeMutableRawBufferPointer {
    // Far beyond what a value may have nothing that is made of it could be handed over.
    guard count / 8 <= limit else {
      throw CohortError(
        .tablesArgument, "A sample is larger than a value may be", place: "sample \(id)",
        cause: "it has \(count) bytes, and a value may have \(limit)",
        hint: "Leave such samples out (WHERE total_length < \(limit / 8)); cohort sample show \(id) shows it")
    }
    if bytes.count < count {
      bytes.deallocate()
      bytes = .allocate(byteCount: count + count / 2, alignment: 16)
    }
    return bytes
  }

  private func buffer(_ place: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[place])
  }

  // MARK: Values

  /// The messages before the response, joined by newlines.
  var prompt: cohort_sql_value { isThere ? joined(parts.prompt) : .null }

  /// NULL where there is none.
  var response: cohort_sql_value {
    guard isThere, let response = parts.response else { return .null }
    return text(places[response].text)
  }

  /// What system messages say, joined by newlines; NULL where there are none.
  var system: cohort_sql_value {
    guard isThere else { return .null }
    let wanted = places.indices.filter { places[$0].role == .system }
    return wanted.isEmpty ? .null : joined(wanted)
  }

  /// All messages: a JSON array of objects with role, content and what else they carry.
  var messages: cohort_sql_value {
    guard isThere else { return .null }
    var json: [UInt8] = []
    json.append(UInt8(ascii: "["))
    for place in places {
      json += json.count > 1 ? Array(#",{"role":"#.utf8) : Array(#"{"role":"#.utf8)
      JSONString.append(role(place), to: &json)
      json += Array(#","content":"#.utf8)
      JSONString.append(String(decoding: buffer(place.text), as: UTF8.self), to: &json)
      if !place.extra.isEmpty {
        json += Array(#","extra":"#.utf8)
        json += buffer(place.extra)
      }
      json.append(UInt8(ascii: "}"))
    }
    json.append(UInt8(ascii: "]"))
    json.withUnsafeBytes { joined.set($0, as: COHORT_SQL_TEXT) }
    return joined.value
  }

  /// JSON; NULL where there are none.
  var tools: cohort_sql_value { isThere && !toolsPlace.isEmpty ? text(toolsPlace) : .null }

  /// JSON; NULL where there are none.
  var attributes: cohort_sql_value { isThere && !attributesPlace.isEmpty ? text(attributesPlace) : .null }

  private func role(_ place: SampleContent.MessagePlace) -> String {
    switch place.role {
    case .system: MessageRole.system.name
    case .user: MessageRole.user.name
    case .assistant: MessageRole.assistant.name
    case .tool: MessageRole.tool.name
    case .other: String(decoding: buffer(place.roleName), as: UTF8.self)
    }
  }

  private func text(_ place: Range<Int>) -> cohort_sql_value {
    var value = cohort_sql_value()
    value.type = Int32(COHORT_SQL_TEXT.rawValue)
    value.bytes = UnsafeRawPointer(bytes.baseAddress).map { $0 + place.lowerBound }
    value.size = Int64(place.count)
    return value
  }

  private func joined(_ messages: some Collection<Int>) -> cohort_sql_value {
    if messages.count == 1, let only = messages.first { return text(places[only].text) }
    let size = messages.reduce(0) { $0 + places[$1].text.count } + max(messages.count - 1, 0)
    let target = joined.reserve(size, as: COHORT_SQL_TEXT)
    var at = 0
    for (number, message) in messages.enumerated() {
      if number > 0 {
        target[at] = UInt8(ascii: "\n")
        at += 1
      }
      let text = buffer(places[message].text)
      UnsafeMutableRawBufferPointer(rebasing: target[at..<(at + text.count)]).copyMemory(from: text)
      at += text.count
    }
    return joined.value
  }
}
