public import CohortCore
public import CohortStore

/// Adds and drops the length measures of a store, with the tokenizers that they count with.
public enum MeasureLibrary {
  /// Adds a measure, and a copy of its tokenizer's file.
  /// - Throws: `store.length-measure-exists`, `store.length-unit`, and what reading the tokenizer throws; then there is no
  ///   copy.
  public static func add(
    _ store: Store, name: String, unit: LengthUnit, tokenizer path: String? = nil,
    part: MessageParts.Part = .everything
  ) throws -> LengthMeasure {
    let tokenizer = try path.map { try LengthTokenizer(contentsOf: $0) }
    return try store.write { transaction in
      let measure = try transaction.createMeasure(
        name: name, unit: unit, tokenizer: tokenizer?.digest, part: part)
      // Behind what may refuse the measure, and before the commit: no measure is ever without its tokenizer.
      try tokenizer?.keep(in: store)
      return measure
    }
  }

  /// Drops a measure, and the copy of its tokenizer if no other measure counts with it.
  /// - Throws: `store.unknown-length-measure`, `store.length-measure-in-use`.
  public static func drop(_ store: Store, named name: String) throws {
    let tokenizer = try store.read { try $0.measure(named: name) }?.tokenizer
    try store.write { try $0.dropMeasure(named: name) }
    guard let tokenizer else { return }
    // A turn of the writer, though nothing is written: whoever adds a measure puts its tokenizer there in another.
    try store.write { transaction in
      guard try !transaction.reading.measures().contains(where: { $0.tokenizer == tokenizer }) else { return }
      LengthTokenizer.forget(tokenizer, in: store)
    }
  }
}
