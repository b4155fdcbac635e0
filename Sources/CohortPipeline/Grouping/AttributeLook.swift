internal import CohortCore
public import CohortStore

/// A look at samples for an attribute, before a grouping by it is relied upon: a key with a typing error is no error, and
/// puts all samples into one group.
public struct AttributeLook: Sendable {
  /// Samples that were looked at: all of the store, or evenly spread ones. The look ends at the first that has the attribute.
  public private(set) var samples = 0
  /// Whether that were all.
  public private(set) var isWhole = true
  /// Whether one of them, or its source, has the attribute.
  public private(set) var isFound = false
  /// The attributes that they have, the commonest first; only where the one is not found.
  public private(set) var others: [String] = []

  /// Samples that are looked at, at most.
  public static let mostSamples: UInt64 = 10_000

  /// Looks for an attribute. A sample that cannot be read says nothing: whoever needs it says what is wrong with it.
  /// - Throws: `store.corrupted` for damage that is not a sample's.
  /// - Complexity: reads at most `mostSamples` samples.
  public init(for key: String, _ transaction: borrowing ReadTransaction) throws {
    let end = try transaction.counters.nextSample
    let stride = max(1, (end + Self.mostSamples - 1) / Self.mostSamples)
    isWhole = stride == 1
    var texts = SourceTexts(key: key)
    var counts: [String: Int] = [:]
    var id: UInt64 = 0
    while id < end, !isFound {
      do {
        let found = try transaction.withLiveSample(SampleID(id)) { sample -> Bool in
          if try AttributeKind.value(of: key, in: sample) != nil { return true }
          if try texts.text(of: sample.source, transaction) != nil { return true }
          try Self.count(sample.attributes, in: &counts)
          return false
        }
        if let found { (samples, isFound) = (samples + 1, found) }
      } catch let error as CohortError where error.category == .corruption && error.code.module == .pipeline {
        isWhole = false
      }
      id += stride
    }
    if !isFound { others = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key) }
  }

  /// Names with escapes are passed over: they are only to be shown.
  private static func count(_ attributes: UnsafeRawBufferPointer, in counts: inout [String: Int]) throws {
    guard !attributes.isEmpty else { return }
    _ = CanonicalObject.forEachMember(of: attributes) { name, _ in
      if !name.contains(UInt8(ascii: "\\")) { counts[String(decoding: name, as: UTF8.self), default: 0] += 1 }
      return true
    }
  }

  /// What is to be said to whoever divides by the attribute; nil where it is there, or the store is empty.
  public func warning(of key: String) -> String? {
    guard !isFound, samples > 0 else { return nil }
    var text =
      isWhole
      ? "No sample has the attribute '\(key)'"
      : "None of \(samples) samples, evenly spread over the store, has the attribute '\(key)'"
    text += ": the grouping puts samples without it into one group."
    if let close = Suggestion.closest(to: key, among: others) { return text + " Did you mean '\(close)'?" }
    if others.isEmpty { return text + " They have no attributes at all" }
    return text + " They have: \(others.prefix(10).joined(separator: ", "))"
  }
}
