internal import CohortCore

/// Natural Instructions and self-instruct: one record holds a definition and many instances, each of which is a sample. The first output
/// is the response; several outputs stay an attribute.
extension RecordParser {
  func parseInstances(
    of tape: UnsafeTape, _ shape: CompiledShape, _ record: InputBlock.Record, countsInstances: Bool,
    into batch: inout SampleBatch
  ) throws(Failure) {
    let definition = try definitionText(of: tape, shape)
    let instances = try required(.instances, shape)
    guard tape.kind(instances) == .array else { throw wrongType("the list of instances", instances, of: tape) }
    if tape.isEmptyContainer(instances) { throw Failure(reason: .missingField, detail: "there are no instances") }
    let range = tape.inside(instances)
    var instance = range.lowerBound
    var number: UInt64 = 1
    while instance < range.upperBound {
      let line = countsInstances ? number : record.line
      do {
        try parseInstance(instance, definition, line: line, of: tape, shape, into: &batch)
      } catch {
        rejectPart(instance, error, line: line, of: tape, in: &batch)
      }
      instance = tape.next(after: instance)
      number += 1
    }
  }

  private func definitionText(of tape: UnsafeTape, _ shape: CompiledShape) throws(Failure) -> [UInt8] {
    let definition = try required(.definition, shape)
    switch tape.kind(definition) {
    case .string: return Array(tape.text(definition))
    case .array:
      var text: [UInt8] = []
      var isText = true
      tape.forEachElement(of: definition) { element in
        isText = tape.kind(element) == .string
        guard isText else { return false }
        if !text.isEmpty { text.append(UInt8(ascii: "\n")) }
        text.append(contentsOf: tape.text(element))
        return true
      }
      if isText { return text }
      throw Failure(reason: .wrongType, detail: "a part of 'Definition' is not a string")
    default: throw wrongType("'Definition'", definition, of: tape)
    }
  }

  private func parseInstance(
    _ instance: Int, _ definition: [UInt8], line: UInt64, of tape: UnsafeTape, _ shape: CompiledShape,
    into batch: inout SampleBatch
  ) throws(Failure) {
    guard tape.kind(instance) == .object else { throw wrongType("an instance", instance, of: tape) }
    guard let input = tape.member(Array("input".utf8), of: instance), tape.kind(input) == .string else {
      throw Failure(reason: .missingField, detail: "an instance has no text 'input'")
    }
    guard let output = tape.member(Array("output".utf8), of: instance) else {
      throw Failure(reason: .missingField, detail: "an instance has no 'output'")
    }
    let response = tape.kind(output) == .array ? tape.firstElement(of: output) : output
    draft.reset()
    guard let response, let answer = draft.text(of: response, tape) else {
      throw Failure(reason: .wrongType, detail: "the output of an instance is neither a text nor a list of them")
    }
    let prompt = draft.compose { bytes in
      bytes.append(contentsOf: definition)
      let text = tape.text(input)
      if !definition.isEmpty, !text.isEmpty { bytes.append(UInt8(ascii: "\n")) }
      bytes.append(contentsOf: text)
    }
    draft.entries.append(.init(role: MessageDraft.user, text: .scratch(prompt)))
    draft.entries.append(.init(role: MessageDraft.assistant, text: answer))
    let isOnlyOutput = response == output || tape.next(after: response) == tape.inside(output).upperBound
    let documentAttributes = attributes
    defer { attributes = documentAttributes }
    attributes = []
    let overridden = CanonicalJSON.overriddenKeys(of: instance, tape)
    tape.forEachMember(of: instance) { key, value in
      if overridden.contains(key) { return true }
      if value != input, value != output || !isOnlyOutput { attributes.append(key) }
      return true
    }
    addAttributes(documentAttributes, of: tape)
    try finishSample(line: line, of: tape, shape, into: &batch) { bytes in
      self.writeAttributes(of: tape, to: &bytes)
    }
  }
}
