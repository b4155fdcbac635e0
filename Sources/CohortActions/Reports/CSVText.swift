/// Values as cells of CSV. Lists and records become JSON, null becomes nothing.
public enum CSVText {
  /// A value as the text of a cell, not yet quoted: `CSVRow` does that.
  public static func cell(_ value: ReportValue) -> String {
    switch value {
    case .null: ""
    case .text(let text): text
    default: JSONText.string(value)
    }
  }
}
