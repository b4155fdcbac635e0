public import CohortCore

extension PlanReport {
  /// One JSON object, as `cohort plan create --json` prints it: schema in `Schemas/plan.schema.json`.
  public var json: String {
    var object = JSONObject()
    object.add("plan_hash", "\(planHash)")
    object.add("store_id", "\(storeID)")
    object.add("snapshot", snapshot)
    object.add("kind", kind.rawValue)
    object.add("groups", groups)
    object.add("rows", rows)
    object.add("steps", steps)
    object.add("samples", samples)
    object.add("unique", unique)
    object.add("repeated", repeated)
    object.add("dropped", dropped)
    object.add("mixed", mixed)
    object.add("mixed_steps", mixedSteps)
    object.add("short_steps", shortSteps)
    object.add("smallest_step", smallestStep)
    object.add("largest_step", largestStep)
    object.add("dropped_groups", droppedGroups)
    object.add("folded_groups", foldedGroups)
    object.add("folded_rows", foldedRows)
    object.add("small_groups", smallGroups)
    object.add("over_budget_groups", overBudgetGroups)
    object.add("ungrouped", ungrouped)
    object.add("world", UInt64(parts.world))
    object.add("accumulate", UInt64(parts.accumulation))
    object.add("empty_parts", parts.empty)
    object.add("steps_with_empty_parts", parts.steps)
    object.add("purity", purity)
    object.add("group_purity", folding.groupPurity)
    object.add("batch_groups", folding.batchGroups)
    object.add("folded_samples", folding.samples)
    object.add("folded_steps", folding.steps)
    object.add("groups_below_batch", folding.groupsBelowBatch)
    object.add("lengths", raw: lengths?.json ?? "null")
    object.add("length_measure", measure ?? SampleLengths.ownMeasure)
    object.add("configuration", raw: configuration.json)
    return object.text
  }
}

extension PlanLengths {
  /// One JSON object without line breaks, keys always in the same order.
  public var json: String {
    var object = JSONObject()
    object.add("unit", raw: unit.map { "\"\($0.name)\"" } ?? "null")
    object.add("epoch", epoch)
    object.add("measured_steps", measuredSteps)
    object.add("sampled", isSampled)
    object.add("median", median)
    object.add("p95", p95)
    object.add("greatest", greatest)
    // Names from before there were units: the same numbers, in the same unit.
    object.add("median_tokens", median)
    object.add("p95_tokens", p95)
    object.add("greatest_tokens", greatest)
    object.add("greatest_padded", greatestPadded)
    object.add("padding_waste", paddingWaste)
    object.add("random_padding_waste", randomPaddingWaste)
    object.add("neighbour_correlation", raw: neighbourCorrelation.map { "\($0)" } ?? "null")
    return object.text
  }
}

extension PlanConfiguration {
  /// One JSON object with every setting.
  public var json: String {
    var object = JSONObject()
    object.add("batch_size", batchSize)
    object.add("seed", seed)
    object.add("tail", tail.rawValue)
    object.add("small_groups", smallGroups.rawValue)
    object.add("order", order.name)
    object.add("longest_first", longestFirst)
    object.add("weights", raw: weights.json)
    object.add(
      "phases",
      raw: "["
        + phases.map { "{\"epochs\":\($0.epochs),\"kind\":\"\($0.kind.rawValue)\"}" }
        .joined(separator: ",") + "]")
    object.add("token_budget", raw: tokenBudget.map { "\($0)" } ?? "null")
    return object.text
  }
}

extension PlanConfiguration.Weights {
  fileprivate var json: String {
    var object = JSONObject()
    switch self {
    case .proportional: object.add("kind", "proportional")
    case .temperature(let temperature):
      object.add("kind", "temperature")
      object.add("temperature", temperature)
    case .explicit(let values):
      object.add("kind", "explicit")
      var groups = JSONObject()
      for (group, weight) in values.sorted(by: { $0.key < $1.key }) { groups.add("\(group)", weight) }
      object.add("groups", raw: groups.text)
    }
    return object.text
  }
}

extension PlannedStep {
  /// One line of `cohort plan show --json`: `{"epoch":0,"step":0,"group":17,"ids":[…],"mixed":false}`. The group is null
  /// in steps that were drawn from all groups.
  /// - Parameter ids: the sample ids that are shown: of the whole step, or of one rank's slice.
  public func json(ids: some Sequence<SampleID>) -> String {
    var object = JSONObject()
    object.add("epoch", epoch)
    object.add("step", step)
    object.add("group", raw: group == .unassigned ? "null" : "\(group)")
    object.add("ids", raw: "[" + ids.map(\.description).joined(separator: ",") + "]")
    object.add("mixed", isMixed)
    return object.text
  }
}
