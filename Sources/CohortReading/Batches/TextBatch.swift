public import CohortCore
internal import CohortPlanning
public import CohortStore

/// The texts of some samples in memory of its own, to be read into again and again, and to be handed to other languages as
/// it is: arrays, and one arena with all bytes.
///
/// ```swift
/// let batch = TextBatch()
/// try pinned.read(step, share: StepShare(rank: 0, world: 8), into: batch)
/// for sample in 0..<batch.count {
///   for message in batch.messages(of: sample) { learn(from: batch.text(message)) }
/// }
/// ```
///
/// Used by one thread at a time. Buffers that it lends are valid until it is read into again, or goes.
public final class TextBatch {
  private var lanes = UnsafeTextLanes()
  /// Which step of a plan it holds; nil for samples that were asked for by their ids.
  public private(set) var label: StepLabel?

  /// A step of a plan, as a batch knows it.
  public struct StepLabel: Hashable, Sendable {
    public let epoch: UInt64
    public let step: UInt64
    /// The group that all samples are from; nil for mixed steps, and for samples without a group.
    public let group: GroupID?

    init(_ step: PlannedStep) {
      epoch = step.epoch
      self.step = step.step
      group = step.isMixed || step.group == .unassigned ? nil : step.group
    }
  }

  /// Holds nothing yet, and has no memory.
  public init() {}

  /// Reads samples in the order of their ids, also repeated ones, in one transaction.
  /// - Throws: `store.unknown-sample` (category `notFound`) for an id that the store never had; `store.corrupted`;
  ///   `reading.unreadable-sample`; `reading.no-memory`. The batch is empty then.
  /// - Complexity: that of `ReadTransaction.copySamples`, and O(messages).
  public func read(_ ids: UnsafeBufferPointer<UInt64>, from store: Store) throws {
    try replace(label: nil) { lanes in
      try store.read { transaction in
        try lanes.fill(ids, transaction) { CohortError.unknownSample($0, of: try transaction.counters.nextSample) }
      }
    }
  }

  /// Reads the ids of a step's micro-batches.
  /// - Parameter bounds: where each micro-batch begins among the ids, and their number.
  func read(
    _ ids: [SampleID], bounds: [Int], of step: PlannedStep, _ transaction: borrowing ReadTransaction
  ) throws {
    try replace(label: StepLabel(step)) { lanes in
      try ids.map(\.rawValue).withUnsafeBufferPointer { ids in
        try lanes.fill(ids, transaction) {
          CohortError(
            .readingMissingSample, "A sample of the snapshot is gone without having been deleted", place: "sample \($0)"
          )
        }
      }
      try lanes.setParts(bounds)
    }
  }

  private func replace(label: StepLabel?, _ body: (inout UnsafeTextLanes) throws -> Void) throws {
    do {
      try body(&lanes)
      self.label = label
    } catch {
      clear()
      throw error
    }
  }

  /// Forgets what it holds, and keeps the memory for what is read next.
  public func clear() {
    label = nil
    // Without samples it needs no memory that it does not have, unless it was never read into.
    try? lanes.reset(samples: 0)
  }
}

extension TextBatch {
  // MARK: Samples

  /// How many samples it holds, deleted ones included.
  public var count: Int { lanes.missing.count }

  /// The id of a sample, by its index.
  public func id(_ sample: Int) -> SampleID { SampleID(lanes.ids[sample]) }

  /// Whether a sample was deleted: then it has neither messages nor attributes.
  public func isMissing(_ sample: Int) -> Bool { lanes.missing[sample] != 0 }

  /// Where a sample came from; its name is in `ReadTransaction.source`.
  public func source(_ sample: Int) -> SourceID { SourceID(lanes.sources[sample]) }

  /// A sample's task label; `TaskID.missing` when it came without one.
  public func task(_ sample: Int) -> TaskID { TaskID(lanes.tasks[sample]) }

  /// 1-based line, row or element of the sample's source.
  public func line(_ sample: Int) -> UInt64 { lanes.lines[sample] }

  /// JSON array, empty when there are none.
  public func tools(_ sample: Int) -> UnsafeRawBufferPointer { bytes(lanes.tools[sample]) }

  /// One JSON object, empty when there are none.
  public func attributes(_ sample: Int) -> UnsafeRawBufferPointer { bytes(lanes.attributes[sample]) }

  /// The messages of a sample, as indices for the functions below.
  public func messages(of sample: Int) -> Range<Int> {
    Int(lanes.firstMessage[sample])..<Int(lanes.firstMessage[sample + 1])
  }

  /// The message that is the sample's response (`SampleParts`); nil where there is none.
  public func response(of sample: Int) -> Int? {
    let message = lanes.response[sample]
    return message < 0 ? nil : Int(message)
  }

  /// The samples of each micro-batch; one with all of them unless a step was read in several.
  public var parts: [Range<Int>] {
    zip(lanes.parts.elements, lanes.parts.elements.dropFirst()).map { Int($0)..<Int($1) }
  }

  // MARK: Messages

  /// Who speaks.
  public func role(_ message: Int) -> MessageRole {
    switch SampleContent.RoleCode(rawValue: lanes.roles[message]) {
    case .system: .system
    case .user: .user
    case .assistant: .assistant
    case .tool: .tool
    case .other, nil: .other(String(decoding: bytes(lanes.roleNames[message]), as: UTF8.self))
    }
  }

  /// A message's text in UTF-8.
  public func text(_ message: Int) -> UnsafeRawBufferPointer { bytes(lanes.texts[message]) }

  /// A JSON object, empty when there is none.
  public func extra(_ message: Int) -> UnsafeRawBufferPointer { bytes(lanes.extras[message]) }

  private func bytes(_ extent: TextExtent) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(lanes.arena.elements)[extent.range])
  }
}

/// Where the arrays of a batch lie, for the library that lends them to C. Valid until the batch is read into again.
package struct UnsafeTextPointers {
  package let arena: UnsafeMutableBufferPointer<UInt8>
  package let samples: Int
  package let messages: Int
  package let ids: UnsafeMutablePointer<UInt64>?
  package let missing: UnsafeMutablePointer<UInt8>?
  package let firstMessage: UnsafeMutablePointer<Int64>?
  package let response: UnsafeMutablePointer<Int64>?
  package let tools: UnsafeMutablePointer<TextExtent>?
  package let attributes: UnsafeMutablePointer<TextExtent>?
  package let tasks: UnsafeMutablePointer<UInt32>?
  package let sources: UnsafeMutablePointer<UInt32>?
  package let lines: UnsafeMutablePointer<UInt64>?
  package let roles: UnsafeMutablePointer<UInt8>?
  package let roleNames: UnsafeMutablePointer<TextExtent>?
  package let texts: UnsafeMutablePointer<TextExtent>?
  package let extras: UnsafeMutablePointer<TextExtent>?
  package let parts: UnsafeMutableBufferPointer<Int64>
}

extension TextBatch {
  /// Task numbers are those of the store: `TaskID.missing` for none.
  package var pointers: UnsafeTextPointers {
    UnsafeTextPointers(
      arena: lanes.arena.elements, samples: count, messages: lanes.roles.count, ids: lanes.ids.base,
      missing: lanes.missing.base, firstMessage: lanes.firstMessage.base, response: lanes.response.base,
      tools: lanes.tools.base, attributes: lanes.attributes.base, tasks: lanes.tasks.base,
      sources: lanes.sources.base, lines: lanes.lines.base, roles: lanes.roles.base, roleNames: lanes.roleNames.base,
      texts: lanes.texts.base, extras: lanes.extras.base, parts: lanes.parts.elements)
  }
}
