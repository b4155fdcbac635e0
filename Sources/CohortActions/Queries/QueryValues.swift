public import CohortCatalog
internal import CohortCore
internal import CohortIngestion

/// Values for the parameters of a saved query, as they are typed or sent.
public enum QueryValues {
  /// Reads `name=value` pairs. A value that is a JSON number, string, `true`, `false` or `null` is that; anything else is
  /// text as it stands. So `since=2026-01-01` is text, `n=5` a number, and `code="007"` text.
  /// - Throws: `cli.usage` for a pair without a name, or a name that comes twice.
  public static func parse(_ pairs: [String]) throws -> [String: CatalogValue] {
    var values: [String: CatalogValue] = [:]
    for pair in pairs {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = parts[0].drop { ":@$".contains($0) }
      guard parts.count == 2, !name.isEmpty else {
        throw CohortError.usage("'\(pair)' gives no value to a parameter", hint: "Write name=value")
      }
      guard values.updateValue(value(String(parts[1])), forKey: String(name)) == nil else {
        throw CohortError.usage("The parameter :\(name) is given twice")
      }
    }
    return values
  }

  private static func value(_ text: String) -> CatalogValue {
    guard let tree = try? JSONTree(parsing: Array(text.utf8), as: .cliArgument) else { return .text(text) }
    return (try? value(ReportValue(tree), of: "")) ?? .text(text)
  }

  /// The members of a JSON object.
  /// - Throws: `cli.argument` for lists and objects.
  static func values(_ record: ReportRecord) throws -> [String: CatalogValue] {
    var values: [String: CatalogValue] = [:]
    for field in record.fields { values[field.name] = try value(field.value, of: field.name) }
    return values
  }

  private static func value(_ value: ReportValue, of name: String) throws -> CatalogValue {
    switch value {
    case .null: return .null
    case .boolean(let truth): return .integer(truth ? 1 : 0)
    case .integer(let number): return .integer(number)
    case .unsigned(let number): return Int64(exactly: number).map { .integer($0) } ?? .real(Double(number))
    case .number(let number): return .real(number)
    case .text(let text): return .text(text)
    case .list, .record, .encoded:
      throw CohortError.argument(
        "params", "The value of ':\(name)' is a list or an object", hint: "SQL takes numbers, texts and null")
    }
  }
}
