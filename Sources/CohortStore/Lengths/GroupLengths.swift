public import CohortCore

/// The lengths by which the groups of a grouping are told: a grouping by length is told by what it divides by, every other
/// one by the responses in the store's own measure.
///
/// ```
/// --by length:llama --measure total    ->    tokens of all messages
/// --by task                            ->    the store's unit, responses
/// ```
public struct GroupLengths: Sendable {
  /// The lengths of the samples (`uint32`).
  public let column: Column
  /// The name of the measure: `SampleLengths.ownMeasure` for the store's own.
  public let measure: String
  /// What they count; nil for what the store's own measure counts.
  public let unit: LengthUnit?
  /// The part of the messages that is measured.
  public let part: GroupingDefinition.LengthPart

  /// Whether a value of the column is a length: samples wait for those of further measures.
  public func isLength(_ value: UInt32) -> Bool { unit == nil || value != LengthMeasure.unmeasured }
}

extension ReadTransaction {
  /// By which lengths the groups of a grouping are told.
  /// - Throws: `store.unknown-length-measure`.
  public func groupLengths(of definition: GroupingDefinition) throws -> GroupLengths {
    let kind = definition.criterion as? LengthKind
    let part = kind?.part ?? .response
    guard let name = kind?.measure else {
      return GroupLengths(
        column: .length(of: part), measure: SampleLengths.ownMeasure, unit: nil, part: part)
    }
    let measure = try existingMeasure(name)
    return GroupLengths(column: measure.column(part), measure: name, unit: measure.unit, part: part)
  }
}
