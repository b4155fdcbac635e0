import CohortActions
import CohortCore
import CohortStore

/// One configurable value. The raw value is its key in `cohort.toml`.
enum Setting: String, CaseIterable, Sendable {
  case store
  case format
  case progress
  case workers
  case ingestDedupe = "ingest.dedupe"
  case ingestMaximumLineBytes = "ingest.max-line-bytes"

  /// What a setting accepts.
  enum Domain: Sendable {
    /// A path; relative ones are relative to the file that says so, or to the current folder.
    case path
    case choice([String])
    case integer(ClosedRange<Int>)
  }

  var domain: Domain {
    switch self {
    case .store: .path
    case .format: .choice(OutputFormat.allCases.map(\.rawValue))
    case .progress: .choice(ProgressMode.allCases.map(\.rawValue))
    case .workers: .integer(1...1024)
    case .ingestDedupe: .choice(DedupeScope.allCases.map(\.name))
    case .ingestMaximumLineBytes: .integer(1...1 << 31)
    }
  }

  /// `COHORT_` and the key in capitals: `ingest.max-line-bytes` is `COHORT_INGEST_MAX_LINE_BYTES`.
  var environmentName: String {
    "COHORT_" + String(rawValue.uppercased().map { $0 == "." || $0 == "-" ? "_" : $0 })
  }

  /// Nil: the store decides.
  /// - Parameter processors: how many this machine has.
  func defaultValue(processors: Int) -> SettingValue? {
    switch self {
    case .store: .text("./cohort")
    case .format: .text(OutputFormat.table.rawValue)
    case .progress: .text(ProgressMode.auto.rawValue)
    case .workers: .integer(min(max(processors, 1), 1024))
    case .ingestDedupe: nil
    case .ingestMaximumLineBytes: .integer(16 << 20)
    }
  }

  /// The value that some text means, as flags and the environment give it.
  /// - Throws: `cli.config-value`, naming `place`, when the text means nothing.
  func value(of text: String, at place: String) throws -> SettingValue {
    switch domain {
    case .path:
      guard !text.isEmpty else { throw refusal("is empty", at: place, expected: "a path") }
      return .text(text)
    case .choice(let choices):
      guard choices.contains(text) else {
        throw refusal("is '\(text)'", at: place, expected: "one of \(choices.joined(separator: ", "))")
      }
      return .text(text)
    case .integer(let range):
      guard let number = Int(text), range.contains(number) else {
        throw refusal(
          "is '\(text)'", at: place, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      return .integer(number)
    }
  }

  func refusal(_ found: String, at place: String, expected: String) -> CohortError {
    CohortError(.cliConfigValue, "The setting '\(rawValue)' \(found)", place: place, hint: "It takes \(expected)")
  }
}

/// The value of a setting.
enum SettingValue: Hashable, Sendable {
  case text(String)
  case integer(Int)

  var output: ReportValue {
    switch self {
    case .text(let text): .text(text)
    case .integer(let number): .count(number)
    }
  }
}
