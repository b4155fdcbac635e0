public import CohortCore

extension LogEvent {
  /// A training run saved its state: the `number`-th of the run, taken before step `step` of `epoch`.
  public struct Checkpoint: LogEventKind {
    public static let kind = LogKind(12, "checkpoint")
    public var run: String
    public var number: UInt64
    public var plan: String
    public var planHash: Digest128
    public var epoch: UInt64
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
