internal import CohortCore

extension PlanConfiguration {
  /// The largest step: 2²⁴ samples.
  public static let greatestBatchSize: UInt64 = 1 << 24

  /// Refuses settings that no plan can follow.
  public func validate() throws {
    guard batchSize >= 1 else {
      throw CohortError.configuration("batch size", "it is 0", hint: "Give a batch size of 1 or more")
    }
    guard batchSize <= Self.greatestBatchSize else {
      throw CohortError.configuration("batch size", "\(batchSize) is more than \(Self.greatestBatchSize)")
    }
    if let tokenBudget, tokenBudget == 0 {
      throw CohortError.configuration(
        "token budget", "it is 0", hint: "Give at least the length of the longest sample, or leave the budget out")
    }
    for (index, phase) in phases.enumerated() where phase.epochs == 0 {
      throw CohortError.configuration("phases", "phase \(index + 1) (\(phase.kind.rawValue)) has no epochs")
    }
    guard phases.count <= 1024 else { throw CohortError.configuration("phases", "more than 1,024 phases") }
    switch weights {
    case .proportional: break
    case .temperature(let temperature):
      guard temperature.isFinite, temperature >= 1e-3, temperature <= 1e9 else {
        throw CohortError.configuration(
          "temperature", "\(temperature) is not between 0.001 and 1,000,000,000",
          hint: "1 is proportional to size; larger values make groups more equal")
      }
    case .explicit(let values):
      for (group, weight) in values.sorted(by: { $0.key < $1.key }) {
        guard weight.isFinite, weight >= 0 else {
          throw CohortError.configuration("weights", "group \(group) has weight \(weight)")
        }
      }
    }
  }

  /// The batch size of a group whose longest sample has `longest` tokens: `clamp(budget / longest, 1, batchSize)`.
  func batchSize(longest: UInt32) -> UInt64 {
    guard let tokenBudget, longest > 0 else { return batchSize }
    return min(batchSize, max(1, tokenBudget / UInt64(longest)))
  }

  /// Whether one such sample is more than a step may hold; it gets a step of its own nevertheless.
  func isOverBudget(_ longest: UInt32) -> Bool { tokenBudget.map { UInt64(longest) > $0 } ?? false }
}
