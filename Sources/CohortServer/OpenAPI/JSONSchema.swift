internal import CohortActions

/// What values look like, in the words of JSON Schema 2020-12.
enum JSONSchema {
  /// The schema of a component of the document.
  static func reference(_ name: String) -> ReportRecord { ["$ref": .text("#/components/schemas/\(name)")] }

  /// An object with these members and no others.
  static func object(_ fields: [VerbField]) -> ReportRecord {
    object(fields.map { (name: $0.name, schema: schema($0.shape), isRequired: $0.isRequired) })
  }

  static func object(_ members: [(name: String, schema: ReportRecord, isRequired: Bool)]) -> ReportRecord {
    var schema: ReportRecord = ["type": "object"]
    let required = members.filter(\.isRequired)
    if !required.isEmpty { schema.append("required", .list(required.map { .text($0.name) })) }
    schema.append(
      "properties", .record(ReportRecord(members.map { (name: $0.name, value: .record($0.schema)) })))
    schema.append("additionalProperties", false)
    return schema
  }

  static func list(of schema: ReportRecord) -> ReportRecord { ["type": "array", "items": .record(schema)] }

  /// A value or null.
  static func nullable(_ schema: ReportRecord) -> ReportRecord {
    guard case .text(let type) = schema["type"], schema["enum"] == nil else {
      return schema.fields.isEmpty ? schema : ["anyOf": .list([.record(schema), .record(["type": "null"])])]
    }
    return ReportRecord(
      schema.fields.map { field in
        field.name == "type" ? (name: "type", value: .list([.text(type), "null"])) : field
      })
  }

  static func schema(_ shape: ValueShape) -> ReportRecord {
    switch shape {
    case .text: ["type": "string"]
    case .choice(let words): ["type": "string", "enum": .list(words.map { .text($0) })]
    case .integer(let range):
      bounds(
        "integer", .integer(range.lowerBound), .integer(range.upperBound))
    case .unsigned(let range): bounds("integer", .unsigned(range.lowerBound), .unsigned(range.upperBound))
    case .number: ["type": "number"]
    case .bounded(let range): bounds("number", .number(range.lowerBound), .number(range.upperBound))
    case .boolean: ["type": "boolean"]
    case .time: ["type": "string", "format": "date-time"]
    case .list(let shape): list(of: schema(shape))
    case .record(let fields): object(fields)
    case .map(let shape): ["type": "object", "additionalProperties": .record(schema(shape))]
    case .optional(let shape): nullable(schema(shape))
    case .any: [:]
    }
  }

  private static func bounds(_ type: String, _ least: ReportValue, _ most: ReportValue?) -> ReportRecord {
    var schema: ReportRecord = ["type": .text(type), "minimum": least]
    if let most { schema.append("maximum", most) }
    return schema
  }
}
