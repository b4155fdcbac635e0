import Foundation
import Testing

/// A JSON value, with whole numbers, truth values and texts kept apart.
indirect enum JSONNode: Decodable, Equatable {
  case null
  case boolean(Bool)
  case integer(Int64)
  case unsigned(UInt64)
  case number(Double)
  case text(String)
  case array([JSONNode])
  case object([String: JSONNode])

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let boolean = try? value.decode(Bool.self) {
      self = .boolean(boolean)
    } else if let integer = try? value.decode(Int64.self) {
      self = .integer(integer)
    } else if let unsigned = try? value.decode(UInt64.self) {
      self = .unsigned(unsigned)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else if let array = try? value.decode([JSONNode].self) {
      self = .array(array)
    } else {
      self = .object(try value.decode([String: JSONNode].self))
    }
  }

  static func parse(_ bytes: [UInt8]) throws -> JSONNode {
    try JSONDecoder().decode(JSONNode.self, from: Data(bytes))
  }

  subscript(_ key: String) -> JSONNode? { object?[key] }

  var object: [String: JSONNode]? { if case .object(let members) = self { members } else { nil } }
  var array: [JSONNode]? { if case .array(let elements) = self { elements } else { nil } }
  var text: String? { if case .text(let text) = self { text } else { nil } }

  var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
}

/// As much of JSON Schema 2020-12 as the OpenAPI document uses. A keyword that is not known is an error: what is not
/// checked must not look checked.
struct JSONSchemaCheck {
  /// Where `$ref` points into.
  let document: JSONNode

  private static let annotations: Set<String> = [
    "title", "description", "default", "example", "examples", "deprecated", "format", "$comment", "readOnly",
    "writeOnly",
    "contentMediaType", "contentEncoding", "externalDocs",
  ]

  /// What of a value is not as its schema says, each with its place. Empty: it is valid.
  func objections(_ value: JSONNode, _ schema: JSONNode, at place: String = "$") -> [String] {
    if case .boolean(let isAllowed) = schema { return isAllowed ? [] : ["\(place): nothing is allowed here"] }
    guard let keywords = schema.object else { return ["\(place): not a schema"] }
    return keywords.flatMap { keyword, argument in
      Self.annotations.contains(keyword) ? [] : objections(value, keyword, argument, of: schema, at: place)
    }
  }

  private func objections(
    _ value: JSONNode, _ keyword: String, _ argument: JSONNode, of schema: JSONNode, at place: String
  ) -> [String] {
    func unless(_ holds: Bool, _ text: @autoclosure () -> String) -> [String] { holds ? [] : ["\(place): \(text())"] }
    switch keyword {
    case "$ref":
      guard let target = argument.text.flatMap(resolve) else { return ["\(place): \(argument) leads nowhere"] }
      return objections(value, target, at: place)
    case "type":
      let names = argument.array?.compactMap(\.text) ?? [argument.text ?? ""]
      return unless(
        names.contains { Self.has($0, value) }, "\(Self.excerpt(value)) is not \(names.joined(separator: " or "))")
    case "enum":
      return unless(
        argument.array?.contains(value) == true, "\(Self.excerpt(value)) is not one of \(argument.array?.count ?? 0)")
    case "const": return unless(argument == value, "\(Self.excerpt(value)) is not \(argument)")
    case "properties":
      return (argument.object ?? [:]).flatMap { name, part in
        value[name].map { objections($0, part, at: "\(place).\(name)") } ?? []
      }
    case "required":
      guard value.object != nil else { return [] }
      return (argument.array ?? []).compactMap(\.text).flatMap { unless(value[$0] != nil, "\($0) is missing") }
    case "additionalProperties":
      let known = Set(schema["properties"]?.object?.keys.map { $0 } ?? [])
      return (value.object ?? [:]).filter { !known.contains($0.key) }.flatMap { name, member in
        argument == .boolean(false)
          ? ["\(place): \(name) is not declared"] : objections(member, argument, at: "\(place).\(name)")
      }
    case "items":
      return (value.array ?? []).enumerated().flatMap { objections($1, argument, at: "\(place)[\($0)]") }
    case "minimum": return unless(value.double.map { $0 >= argument.double ?? 0 } ?? true, "\(value) is too small")
    case "maximum": return unless(value.double.map { $0 <= argument.double ?? 0 } ?? true, "\(value) is too large")
    case "exclusiveMinimum":
      return unless(value.double.map { $0 > argument.double ?? 0 } ?? true, "\(value) is too small")
    case "minLength": return unless(value.text.map { Double($0.count) >= argument.double ?? 0 } ?? true, "too short")
    case "maxLength": return unless(value.text.map { Double($0.count) <= argument.double ?? 0 } ?? true, "too long")
    case "minItems": return unless(value.array.map { Double($0.count) >= argument.double ?? 0 } ?? true, "too few")
    case "maxItems": return unless(value.array.map { Double($0.count) <= argument.double ?? 0 } ?? true, "too many")
    case "pattern":
      guard let text = value.text, let pattern = argument.text else { return [] }
      return unless(text.range(of: pattern, options: .regularExpression) != nil, "\(text) is not like \(pattern)")
    case "allOf": return (argument.array ?? []).flatMap { objections(value, $0, at: place) }
    case "anyOf", "oneOf":
      let failures = (argument.array ?? []).map { objections(value, $0, at: place) }
      let count = failures.count(where: \.isEmpty)
      if keyword == "oneOf" && count > 1 { return ["\(place): \(count) of oneOf hold"] }
      return count > 0 ? [] : ["\(place): no alternative holds: \(failures.joined().prefix(4))"]
    default: return ["\(place): the checker does not know \(keyword)"]
    }
  }

  private func resolve(_ pointer: String) -> JSONNode? {
    guard pointer.hasPrefix("#/") else { return nil }
    return pointer.dropFirst(2).split(separator: "/").reduce(document as JSONNode?) { node, step in
      node?[String(step).replacing("~1", with: "/").replacing("~0", with: "~")]
    }
  }

  private static func has(_ type: String, _ value: JSONNode) -> Bool {
    switch (type, value) {
    case ("null", .null), ("boolean", .boolean), ("string", .text), ("array", .array), ("object", .object),
      ("integer", .integer), ("integer", .unsigned), ("number", .integer), ("number", .unsigned), ("number", .number):
      true
    case ("integer", .number(let number)): number == number.rounded()
    default: false
    }
  }

  private static func excerpt(_ value: JSONNode) -> String { String("\(value)".prefix(120)) }
}

/// The checker itself: what it lets through, and what it does not.
@Suite struct JSONSchemaCheckTests {
  private static func objections(_ value: String, _ schema: String) throws -> [String] {
    let document = try JSONNode.parse(Array(#"{"components":{"schemas":{"Id":{"type":"integer","minimum":0}}}}"#.utf8))
    return JSONSchemaCheck(document: document)
      .objections(try JSONNode.parse(Array(value.utf8)), try JSONNode.parse(Array(schema.utf8)))
  }

  @Test(arguments: [
    (#"{"id":3,"name":null}"#, true), (#"{"id":18446744073709551615}"#, true), (#"{"id":-1}"#, false),
    (#"{"id":1.5}"#, false),
    (#"{"id":true}"#, false), (#"{"id":"1"}"#, false), (#"{"name":"x"}"#, false), (#"{"id":1,"more":2}"#, false),
    (#"{"id":1,"name":4}"#, false), (#"{"id":1,"list":[1,2]}"#, true), (#"{"id":1,"list":[1,"2"]}"#, false),
    ("[]", false),
    ("null", false),
  ])
  func valuesAreHeldAgainstTheirSchema(value: String, isValid: Bool) throws {
    let schema = """
      {"type":"object","required":["id"],"additionalProperties":false,"properties":{
        "id":{"$ref":"#/components/schemas/Id"},"name":{"type":["string","null"],"description":"A name."},
        "list":{"type":"array","items":{"oneOf":[{"type":"integer"},{"type":"null"}]}}}}
      """
    let objections = try Self.objections(value, schema)
    #expect(objections.isEmpty == isValid, "\(objections)")
  }

  @Test func keywordsThatAreNotCheckedAreErrors() throws {
    #expect(try !Self.objections("1", #"{"multipleOf":2}"#).isEmpty)
    #expect(try !Self.objections("1", ##"{"$ref":"#/components/schemas/Nothing"}"##).isEmpty)
  }
}
