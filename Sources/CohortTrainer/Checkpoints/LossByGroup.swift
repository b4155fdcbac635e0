public import CohortCore

/// How well each group is learned: running means over the steps of a run. A value: equal runs give equal values, bit for
/// bit.
public struct LossByGroup: Hashable, Sendable {
  /// The losses of one group.
  public struct Statistics: Hashable, Sendable {
    /// Steps that had something to predict.
    public private(set) var steps: UInt64 = 0
    /// Bytes or tokens that were predicted in these steps.
    public private(set) var tokens: UInt64 = 0
    /// Losses weighted with their tokens, in nats.
    public private(set) var total = 0.0
    /// Loss of the group's first step.
    public private(set) var first = 0.0
    /// Loss of the group's latest step.
    public private(set) var last = 0.0

    /// Mean loss of a token over all steps, in nats; 0 before the first.
    public var mean: Double { tokens == 0 ? 0 : total / Double(tokens) }

    init() {}

    /// Losses that were added up elsewhere. Losses that are not finite stay so.
    /// - Parameters:
    ///   - steps: steps that had something to predict.
    ///   - tokens: what was predicted in them.
    ///   - mean: of a token over all steps, in nats; `first` and `last` are those of single steps.
    public init(steps: UInt64, tokens: UInt64, mean: Double, first: Double, last: Double) {
      self.steps = steps
      self.tokens = tokens
      total = mean * Double(tokens)
      self.first = first
      self.last = last
    }

    mutating func record(_ outcome: StepOutcome) {
      if steps == 0 { first = outcome.loss }
      last = outcome.loss
      steps += 1
      tokens += UInt64(outcome.tokens)
      total += outcome.loss * Double(outcome.tokens)
    }

    func encode(into writer: inout ByteWriter) {
      writer.fixed(steps)
      writer.fixed(tokens)
      writer.fixed(total)
      writer.fixed(first)
      writer.fixed(last)
    }

    init(from reader: inout ByteReader) throws {
      steps = try reader.fixed()
      tokens = try reader.fixed()
      total = try reader.double()
      first = try reader.double()
      last = try reader.double()
    }
  }

  private var statistics: [GroupID: Statistics] = [:]

  /// No step recorded.
  public init() {}

  /// Losses that were added up elsewhere.
  public init(_ statistics: [GroupID: Statistics]) { self.statistics = statistics }

  /// Groups that have been trained on, ascending.
  public var groups: [GroupID] { statistics.keys.sorted() }

  /// What is known of a group; nil when no step with tokens was of it.
  public subscript(group: GroupID) -> Statistics? { statistics[group] }

  /// Counts one step of a group. A step without tokens has no loss and is not counted.
  public mutating func record(_ group: GroupID, _ outcome: StepOutcome) {
    guard outcome.tokens > 0 else { return }
    statistics[group, default: Statistics()].record(outcome)
  }

  func encode(into writer: inout ByteWriter) {
    writer.varint(statistics.count)
    for group in groups {
      writer.fixed(group.rawValue)
      (statistics[group] ?? Statistics()).encode(into: &writer)
    }
  }

  init(from reader: inout ByteReader) throws {
    for _ in 0..<(try reader.count(unit: 44)) {
      let group = GroupID(try reader.fixed(UInt32.self))
      statistics[group] = try Statistics(from: &reader)
    }
  }
}
