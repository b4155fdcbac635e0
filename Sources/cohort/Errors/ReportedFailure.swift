import CohortActions
import CohortCore

/// An error that ends a command which has a result all the same: with `--json` both are one object.
struct ReportedFailure: Error {
  let error: CohortError
  /// What was done before.
  let result: ReportRecord
}
