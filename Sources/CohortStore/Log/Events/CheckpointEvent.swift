public import CohortCore

extension LogEvent {
  /// A training run saved its state: the `number`-th of the run, taken before step `step` of `epoch`.
  public struct Checkpoint: LogEventKind {
    public static let kind = LogKind(12, "checkpoint")
    /// Name of the run; its record counts the checkpoints.
    public var run: String
    /// Counted from 0 within the run; never used twice, also when older checkpoints are removed.
    public var number: UInt64
    /// Name of the plan that the run follows.
    public var plan: String
    /// Hash of that plan, which holds also after another plan took its name.
    public var planHash: Digest128
    /// Epoch of the next step.
    public var epoch: UInt64
    /// The next step of that epoch: everything before it is learnt.
    public var step: UInt64
    /// Size of the saved state, which the log does not hold.
    public var stateBytes: UInt64

    public var fields: [LogField] {
      [
        .text("run", run), .count("number", number), .count("epoch", epoch), .count("step", step),
        .count("bytes", stateBytes, in: .listing),
      ]
    }
  }
}

extension LogEvent.Checkpoint {
  init(from reader: inout ByteReader) throws {
    self.init(
      run: try reader.string(), number: try reader.varint(), plan: try reader.string(), planHash: try reader.digest(),
      epoch: try reader.varint(), step: try reader.varint(), stateBytes: try reader.varint())
  }

  func encode(into writer: inout ByteWriter) {
    writer.string(run)
    writer.varint(number)
    writer.string(plan)
    writer.digest(planHash)
    writer.varint(epoch)
    writer.varint(step)
    writer.varint(stateBytes)
  }
}
