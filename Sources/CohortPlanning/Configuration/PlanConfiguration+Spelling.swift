internal import CohortCore

extension PlanConfiguration.Weights {
  /// Reads `proportional`, `temperature:T` or `GROUP=WEIGHT,...`; nil for any other text. Whether the numbers make sense
  /// is looked at with the whole configuration.
  public init?(spelling: String) {
    if spelling == "proportional" {
      self = .proportional
    } else if spelling.hasPrefix("temperature:") {
      guard let temperature = Double(spelling.dropFirst("temperature:".count)) else { return nil }
      self = .temperature(temperature)
    } else {
      var values: [GroupID: Double] = [:]
      for part in spelling.split(separator: ",", omittingEmptySubsequences: false) {
        let pair = part.split(separator: "=", omittingEmptySubsequences: false)
        guard pair.count == 2, let group = UInt32(pair[0]), let weight = Double(pair[1]),
          values.updateValue(weight, forKey: GroupID(group)) == nil
        else { return nil }
      }
      self = .explicit(values)
    }
  }
}

extension PlanConfiguration.Phase {
  /// Reads `KIND[:EPOCHS],...`, as in `random:1,grouped`; nil for any other text.
  public static func phases(spelling: String) -> [PlanConfiguration.Phase]? {
    var phases: [PlanConfiguration.Phase] = []
    for part in spelling.split(separator: ",", omittingEmptySubsequences: false) {
      let pair = part.split(separator: ":", omittingEmptySubsequences: false)
      guard (1...2).contains(pair.count), let kind = PlanConfiguration.EpochKind(rawValue: String(pair[0])) else {
        return nil
      }
      guard let epochs = pair.count == 2 ? UInt64(pair[1]) : 1, epochs > 0 else { return nil }
      phases.append(PlanConfiguration.Phase(epochs: epochs, kind: kind))
    }
    return phases
  }
}
