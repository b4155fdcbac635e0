public import CohortCore
public import CohortStore

/// Adds and drops the length measures of a store, with the tokenizers that they count with.
public enum MeasureLibrary {
  /// Adds a measure; a tokenizer's file is copied into the store first.
  /// - Throws: `store.length-measure-exists`, `store.length-unit`, and what reading the tokenizer throws.
  public static func add(
    _ store: Store, name: String, unit: LengthUnit, tokenizer path: String? = nil
  ) throws -> LengthMeasure {
    let tokenizer = try path.map { try LengthTokenizer(contentsOf: $0) }
    // What the transaction will refuse shall leave no file behind.
    let isTaken = try name == LengthMeasure.ownName || store.read { try $0.measure(named: name) } != nil
    if !isTaken { try tokenizer?.keep(in: store.path) }
    return try store.write { try $0.createMeasure(name: name, unit: unit, tokenizer: tokenizer?.digest) }
  }

  /// Drops a measure, and the copy of its tokenizer if no other measure counts with it.
  /// - Throws: `store.unknown-length-measure`, `store.length-measure-in-use`.
  public static func drop(_ store: Store, named name: String) throws {
    let tokenizer = try store.read { try $0.measure(named: name) }?.tokenizer
    try store.write { try $0.dropMeasure(named: name) }
    guard let tokenizer, try !store.read({ try $0.measures() }).contains(where: { $0.tokenizer == tokenizer }) else {
      return
    }
    LengthTokenizer.forget(tokenizer, in: store)
  }
}
