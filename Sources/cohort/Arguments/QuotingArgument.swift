import ArgumentParser
import CohortIngestion

/// What quotation marks mean in tables, as it is typed.
enum QuotingArgument: String, ExpressibleByArgument, CaseIterable, Sendable {
  case auto, always, never

  var rule: IngestionOptions.Quoting {
    switch self {
    case .auto: .auto
    case .always: .always
    case .never: .never
    }
  }
}
