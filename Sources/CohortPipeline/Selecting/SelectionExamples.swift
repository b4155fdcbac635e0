internal import CohortCore
internal import CohortSelection
internal import CohortStore

extension SelectionInputs {
  /// Reads which example each row of the pool is, where the recipe wants a few of each only.
  /// - Throws: `selection.option` where no sample has the attribute; `pipeline.interrupted`.
  /// - Complexity: reads all samples of the pool, 1,024 a transaction; 8 bytes a row.
  mutating func readExamples(_ store: Store, _ control: JobControl) throws {
    guard recipe.templates > 0 else { return }
    let found = try SelectionReporter.labels(of: pool.ids, attribute: recipe.example, store, control)
    guard found.count > 0 else {
      throw CohortError(
        .selectionOption, "No sample of the snapshot has the attribute '\(recipe.example)'",
        hint: "cohort sample show ID shows what a sample has")
    }
    examples = found.labels
  }
}

extension SelectionPool {
  /// The pool with so many rows of each example as the recipe wants: those that are picked already, then in the order of a
  /// keyed hash. Rows without an example stay.
  /// - Parameter examples: one a row; empty to leave everything as it is.
  func filtered(oneExampleOf examples: [UInt32?], _ recipe: SelectionRecipe) -> SelectionPool {
    guard !examples.isEmpty else { return self }
    var counts: [UInt32: UInt64] = [:]
    let isPicked = Set(picked)
    for row in picked { if let example = examples[Int(row)] { counts[example, default: 0] += 1 } }
    let others = (0..<UInt32(count)).filter { examples[Int($0)] != nil && !isPicked.contains($0) }
    var isLeftOut = [Bool](repeating: false, count: count)
    for row in KeyedOrder(seed: recipe.options.seed, purpose: 9).first(others.count, of: others, ids: ids) {
      guard let example = examples[Int(row)] else { continue }
      if counts[example, default: 0] < recipe.templates {
        counts[example, default: 0] += 1
      } else {
        isLeftOut[Int(row)] = true
      }
    }
    return filtered { !isLeftOut[$0] }
  }
}
