public import CohortCore
public import CohortPipeline
internal import CohortStore

/// Which samples a verb is about.
public enum SampleSelection: Hashable, Sendable {
  /// Half-open ranges of ids. Those that were deleted before are counted, and left alone.
  case ids([Range<UInt64>])
  /// All that a filter finds.
  case filter(SampleFilter)

  /// The filter, if it is one.
  var filter: SampleFilter? { if case .filter(let filter) = self { filter } else { nil } }

  /// What a selection stands for in one state of the store.
  public struct Found: Sendable {
    /// The samples that are there, ascending.
    public var ids: [SampleID]
    /// Those that were named and are deleted already.
    public var gone: Int
  }

  /// Looks the samples up, and changes nothing: a shell can ask before it goes on.
  /// - Parameter verb: what is to be done with them, for what is said of a filter without a condition.
  /// - Throws: `cli.unknown-sample` for an id that does not exist; what `SampleFilter.ids` throws; `cli.usage` for a filter
  ///   without a condition, which would mean the whole store.
  func find(in store: Store, _ control: JobControl, verb: String) throws -> Found {
    switch self {
    case .ids(let ranges):
      return try store.read { transaction in
        let next = try transaction.counters.nextSample
        var ids: Set<SampleID> = []
        var gone = 0
        for number in ranges.joined() {
          let id = SampleID(number)
          guard id.rawValue < next else { throw try CohortError.noSample(id, transaction) }
          if try transaction.isDeleted(id) { gone += 1 } else { ids.insert(id) }
        }
        return Found(ids: ids.sorted(), gone: gone)
      }
    case .filter(let filter):
      guard !filter.isEmpty else {
        throw CohortError.usage(
          "Nothing says which samples to \(verb)",
          hint: "Name their ids, or give --source, --task, --where or --group")
      }
      return Found(ids: try store.read { try filter.ids(in: $0, control: control) }, gone: 0)
    }
  }
}
