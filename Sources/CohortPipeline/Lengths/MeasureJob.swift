internal import CohortReading
internal import CohortSystem
internal import CohortCore
public import CohortStore

/// What measuring did.
public struct MeasureReport: Hashable, Sendable {
  /// Name of the measure that the lengths are by.
  public var measure: String
  /// Samples that got their lengths.
  public var measured: UInt64 = 0
}

/// What a length measure counts with. It can be kept from one job to the next: a tokenizer takes its time to be read.
public struct LengthCounter: Sendable {
  fileprivate let measure: MeasureID
  private let unit: LengthUnit
  private let tokenizer: LengthTokenizer?
  /// What counts of each message.
  fileprivate let part: MessageParts.Part

  /// Reads the measure's tokenizer, if it counts tokens.
  /// - Throws: `pipeline.no-tokenizer`, `pipeline.other-tokenizer`.
  public init(of measure: LengthMeasure, in store: Store) throws {
    self.measure = measure.id
    unit = measure.unit
    part = measure.part
    tokenizer = try LengthTokenizer(of: measure, in: store)
  }

  /// The length of a text in UTF-8.
  func count(_ text: UnsafeRawBufferPointer) -> Int { tokenizer?.count(text) ?? unit.measure(text) }
}

/// Gives samples their lengths by a further measure, in the order of their ids.
///
/// Counting and writing overlap. Results are committed in slices, each one log entry: a job that is killed goes on behind
/// its last slice, and no sample is measured twice. What another job has measured meanwhile is passed over.
public enum MeasureJob {
  /// Samples of one piece of work, and of one commit.
  static let pieceSamples: UInt64 = 256
  static let sliceSamples = 1 << 14

  /// Measures the samples that one measure has not seen.
  /// - Throws: `store.unknown-length-measure`; `pipeline.content` at a sample that is damaged, `pipeline.interrupted`, after
  ///   what came before is committed.
  public static func run(
    _ store: Store, measure name: String, counter: LengthCounter, control: JobControl = JobControl()
  ) throws -> MeasureReport {
    let (measure, end) = try store.read { transaction in
      let measure = try transaction.existingMeasure(name)
      // Another one may have the name by now.
      guard measure.id == counter.measure else {
        throw CohortError.unknown("length-measure", name, known: try transaction.measures().map(\.name))
      }
      return (measure, try transaction.counters.nextSample)
    }
    var slice = MeasuredSlice(store: store, measure: measure, end: end, control: control)
    let threads = max(control.workers, 1)
    var next = measure.rows
    let queue = try OrderedQueue(
      threads: threads, limit: 2 * threads + 2,
      fetch: {
        guard next < end else { return Range<UInt64>?.none }
        let piece = next..<min(next + pieceSamples, end)
        next = piece.upperBound
        return piece
      }, work: { try lengths(of: $0, in: store, counter) })
    try slice.commitAll(of: queue, every: sliceSamples, control)
    return slice.report
  }

  /// - Returns: nil for samples that were deleted.
  private static func lengths(
    of samples: Range<UInt64>, in store: Store, _ counter: LengthCounter
  ) throws -> [SampleLengths?] {
    try store.read { transaction in
      try samples.map { id in
        try transaction.withLiveSample(SampleID(id)) { view in
          try view.lengths(part: counter.part) { counter.count($0) }
        }
      }
    }
  }
}

private struct MeasuredSlice: CommitSlice {
  let store: Store
  let measure: LengthMeasure
  let control: JobControl
  /// How many samples there were to look at.
  private let total: UInt64
  /// The first sample that is not committed yet.
  private var first: UInt64
  private var lengths: [SampleLengths?] = []
  var report: MeasureReport

  init(store: Store, measure: LengthMeasure, end: UInt64, control: JobControl) {
    (self.store, self.measure, self.control) = (store, measure, control)
    first = measure.rows
    total = end - min(measure.rows, end)
    report = MeasureReport(measure: measure.name)
  }

  var count: Int { lengths.count }

  mutating func append(_ more: [SampleLengths?]) { lengths += more }

  mutating func commit() throws {
    guard !lengths.isEmpty else { return }
    let (lengths, first) = (lengths, first)
    report.measured += try store.write { transaction in
      let rows = max(try transaction.reading.measure(measure.id)?.rows ?? first, first)
      let rest = lengths.dropFirst(Int(clamping: rows - first))
      return rest.isEmpty ? 0 : UInt64(try transaction.measure(Array(rest), from: SampleID(rows), by: measure))
    }
    self.first += UInt64(lengths.count)
    self.lengths = []
    control.report(
      JobProgress(stage: "measure \(measure.name)", done: self.first - measure.rows, total: total, unit: "samples"))
  }
}
