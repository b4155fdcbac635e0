public import CohortCore

/// What a user chooses about a plan. Together with a `Population` it determines every batch of every epoch.
public struct PlanConfiguration: Hashable, Sendable {
  /// Samples in one step: one optimizer step's global batch, whatever the number of ranks.
  public var batchSize: UInt64
  /// Decides every random choice of the plan: the same seed, population and settings give the same batches.
  public var seed: UInt64
  /// What happens to the members that do not fill a batch.
  public var tail: Tail
  /// What happens to groups smaller than a batch.
  public var smallGroups: SmallGroups
  /// In which order an epoch's batches come.
  public var order: Order
  /// Each epoch begins with the batch of the longest sample, so that too little memory shows at once.
  public var longestFirst: Bool
  /// How many samples of an epoch come from each group.
  public var weights: Weights
  /// What the first epochs are; the last phase lasts for ever, whatever its number of epochs. Empty: all grouped.
  public var phases: [Phase]
  /// The greatest padded size of a step (samples × longest sample of the group), in the plan's length unit. Groups of
  /// long samples then get smaller batches.
  public var tokenBudget: UInt64?

  public init(
    batchSize: UInt64, seed: UInt64 = 0, tail: Tail = .fill, smallGroups: SmallGroups = .automatic,
    order: Order = .shuffled, longestFirst: Bool = false, weights: Weights = .proportional, phases: [Phase] = [],
    tokenBudget: UInt64? = nil
  ) {
    self.batchSize = batchSize
    self.seed = seed
    self.tail = tail
    self.smallGroups = smallGroups
    self.order = order
    self.longestFirst = longestFirst
    self.weights = weights
    self.phases = phases
    self.tokenBudget = tokenBudget
  }

  /// What happens to the members that do not fill a batch.
  public enum Tail: String, Hashable, Sendable, CaseIterable {
    /// The batch is filled with members of the same group, at most `batchSize - 1` a group and epoch. Over the epochs
    /// each member is repeated equally often.
    case fill
    /// The last batch of a group is smaller.
    case short
    /// They are left out; over the epochs each member is left out equally often.
    case drop
    /// They join the tails of the nearest groups in mixed batches.
    case pool
  }

  /// What happens to groups smaller than a batch.
  public enum SmallGroups: String, Hashable, Sendable, CaseIterable {
    /// `fold` where nearness has a meaning (centroids, intervals), `keep` for labels.
    case automatic
    /// They stay by themselves, and the tail policy applies.
    case keep
    /// Each joins its nearest group before batches are made.
    case fold
  }

  /// In which order an epoch's batches come.
  public enum Order: Hashable, Sendable, CaseIterable {
    /// At random: groups come in proportion to their size.
    case shuffled
    /// Groups by ascending mean length.
    case curriculum
    /// The groups take turns until they are used up.
    case roundRobin
    /// All batches of a group one after the other; the groups at random.
    case blocked

    public static let allCases: [Order] = [.shuffled, .curriculum, .roundRobin, .blocked]

    /// The order of a word of the command line; nil for any other word.
    public init?(name: String) {
      guard let order = Self.allCases.first(where: { $0.name == name }) else { return nil }
      self = order
    }

    /// As written on the command line.
    public var name: String {
      switch self {
      case .shuffled: "shuffled"
      case .curriculum: "curriculum"
      case .roundRobin: "round-robin"
      case .blocked: "blocked"
      }
    }
  }

  /// How many samples of an epoch come from each group.
  public enum Weights: Hashable, Sendable {
    /// Each sample once.
    case proportional
    /// Shares in proportion to `size^(1/t)`: 1 is proportional, large values make groups equal.
    case temperature(Double)
    /// Shares in proportion to these weights, one for each group that has members; 0 leaves a group out.
    case explicit([GroupID: Double])
  }

  /// What an epoch is made of.
  public enum EpochKind: String, Hashable, Sendable, CaseIterable {
    /// Each step from one group.
    case grouped
    /// The baseline: the same samples in the same number of steps, without grouping.
    case random
  }

  /// Some epochs of one kind.
  public struct Phase: Hashable, Sendable {
    /// How many epochs the phase lasts, unless it is the last.
    public var epochs: UInt64
    /// What each of these epochs is made of.
    public var kind: EpochKind

    public init(epochs: UInt64, kind: EpochKind) {
      self.epochs = epochs
      self.kind = kind
    }
  }

  /// The same plan without grouping: the baseline to compare with.
  public var randomBaseline: PlanConfiguration {
    var other = self
    other.phases = [Phase(epochs: 1, kind: .random)]
    return other
  }

  /// The kind of an epoch. Complexity: O(phases).
  public func kind(ofEpoch epoch: UInt64) -> EpochKind {
    var rest = epoch
    for phase in phases {
      if rest < phase.epochs { return phase.kind }
      rest -= phase.epochs
    }
    return phases.last?.kind ?? .grouped
  }
}
