internal import CohortCore
public import CohortStore
internal import CohortSystem

/// What a compaction did.
public struct CompactionReport: Hashable, Sendable {
  /// Samples that were looked at: those that an earlier run packed are not among them.
  public var samples: UInt64 = 0
  /// Samples that are stored otherwise now.
  public var repacked: UInt64 = 0
  /// Bytes of the records of these samples, before and after.
  public var bytesBefore: UInt64 = 0
  public var bytesAfter: UInt64 = 0
  /// Whether a better dictionary was found and used.
  public var hasNewDictionary = false
  /// Free pages that the disk has back, or that were overwritten where the file system has no holes.
  public var freedPages: UInt64 = 0
  /// Free pages that a reader of an older state still sees: another run frees them.
  public var pagesInUse: UInt64 = 0
  /// What the data file takes of its disk, before and after; nil when the system does not tell.
  public var diskBytesBefore: UInt64?
  public var diskBytesAfter: UInt64?
}

/// Packs samples anew while others read and write: those that come in are packed in a hurry, and may be smaller.
///
/// What is asked for gives the same bytes before, during and after. Samples are packed in slices, in the order of their ids,
/// each slice a transaction that notes how far it has come: a run that is killed goes on behind its last slice.
public enum CompactionJob {
  /// Samples of one piece of work.
  static let pieceSamples: UInt64 = 256
  /// Bytes of payloads that one transaction rewrites: others wait for so long.
  static let sliceBytes = 4 << 20

  /// Packs what is not packed that way yet, and gives free pages back to the disk.
  /// - Throws: `pipeline.interrupted`, `store.corrupted` at a sample that is damaged, after what came before is committed.
  /// - Complexity: O(bytes of the samples) of compression, and O(bytes of the file) for the free pages.
  ///
  /// Two of them at a time disturb one another: keep `Hold.packing` meanwhile.
  /// - Parameter givesBack: whether free pages go back to the disk in the end. That reads the whole file while nobody else can
  ///   write; without it, what comes in next uses the pages.
  public static func run(
    _ store: Store, _ packing: PayloadPacking = .standard, givesBack: Bool = true, control: JobControl = JobControl()
  ) throws -> CompactionReport {
    var report = CompactionReport()
    report.diskBytesBefore = try store.sizes().diskBytes
    try control.checkpoint()
    report.hasNewDictionary = try store.renewDictionary(for: packing)
    try control.checkpoint()
    // One that was cut short has taken over a part of what was packed before: the rest first.
    if let unfinished = try store.read({ $0.unfinishedPacking }), unfinished != packing {
      try pack(store, unfinished, control, &report)
    }
    try pack(store, packing, control, &report)
    if givesBack {
      try control.checkpoint()
      let erased = try store.eraseRemains()
      report.freedPages = erased.pages
      report.pagesInUse = erased.inUse
    }
    report.diskBytesAfter = try store.sizes().diskBytes
    return report
  }

  private static func pack(
    _ store: Store, _ packing: PayloadPacking, _ control: JobControl, _ report: inout CompactionReport
  ) throws {
    let (packer, first, end) = try store.read { transaction in
      (try transaction.packer(packing), transaction.firstUnpacked(packing), try transaction.counters.nextSample)
    }
    let threads = max(control.workers, 1)
    var next = first
    let queue = try OrderedQueue(
      threads: threads, limit: 2 * threads + 2,
      fetch: {
        guard next < end else { return Range<UInt64>?.none }
        let piece = next..<min(next + pieceSamples, end)
        next = piece.upperBound
        return piece
      }, work: { piece in try store.read { try $0.repacked(piece, packer) } })
    var slice = CompactedSlice(
      store: store, packer: packer, first: first, end: end, control: control, report: report)
    defer { report = slice.report }
    try slice.commitAll(of: queue, every: sliceBytes, control)
  }
}

private struct CompactedSlice: CommitSlice {
  let store: Store
  let packer: PayloadPacker
  let first: UInt64
  let end: UInt64
  let control: JobControl
  var report: CompactionReport
  private var pieces: [RepackedSamples] = []

  init(
    store: Store, packer: PayloadPacker, first: UInt64, end: UInt64, control: JobControl, report: CompactionReport
  ) {
    (self.store, self.packer, self.first, self.end) = (store, packer, first, end)
    (self.control, self.report) = (control, report)
  }

  /// Bytes, not samples: these may be of any length.
  var count: Int { pieces.reduce(0) { $0 + Int($1.storedBytes) } }

  mutating func append(_ piece: RepackedSamples) { pieces.append(piece) }

  mutating func commit() throws {
    guard let last = pieces.last else { return }
    let (pieces, packer) = (pieces, packer)
    report.repacked += try store.write { try $0.replace(pieces, packer) }
    for piece in pieces {
      report.samples += UInt64(piece.samples.count)
      report.bytesBefore += piece.storedBytes
      report.bytesAfter += piece.packedBytes
    }
    self.pieces = []
    control.report(
      JobProgress(
        stage: "compact", done: last.samples.upperBound - first, total: end - first, unit: "samples"))
  }
}
