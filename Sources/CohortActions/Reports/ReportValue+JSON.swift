internal import CohortIngestion

extension ReportValue {
  /// A parsed document as a value.
  init(_ tree: JSONTree) {
    self =
      switch tree {
      case .null: .null
      case .boolean(let value): .boolean(value)
      case .integer(let value): .integer(value)
      case .unsigned(let value): .unsigned(value)
      case .number(let value): .number(value)
      case .text(let text): .text(text)
      case .list(let elements): .list(elements.map { ReportValue($0) })
      case .object(let members):
        .record(ReportRecord(members.map { (name: $0.name, value: ReportValue($0.value)) }))
      }
  }
}
