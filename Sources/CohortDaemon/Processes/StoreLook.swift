import CohortCore
import CohortStore
import CohortSystem
import Logging

/// Reads all that a store holds, in a process that may die of it: what ended two processes before, damage or a defect
/// of the program?
enum StoreLook {
  /// - Throws: damage (`corruption`), with its place, and what keeps the store from being read.
  static func run(at path: String) throws {
    let report = try Store.open(at: path, access: .readOnly).verify()
    guard let problem = report.problems.first else { return }
    let more = report.problems.count - 1
    throw CohortError(
      .daemonDamaged, "The store is damaged", place: "\(path): \(problem.place)",
      cause: more > 0 ? "\(problem.what) (and \(more) more)" : problem.what,
      hint: "See what can be mended with 'cohort verify --repair --dry-run'")
  }
}
