internal import CohortCore
public import CohortSelection

/// What a selection is asked to be.
public struct SelectionRequest: Sendable {
  /// How much it may take.
  public enum Budget: Hashable, Sendable {
    case rows(UInt64)
    /// Of the snapshot's samples that are not deleted; above 0, at most 1.
    case fraction(Double)
    /// By the length measure of the request.
    case tokens(UInt64)
  }

  /// Name of the snapshot that it is chosen from.
  public var snapshot: String
  public var method: SelectionMethod
  /// The grouping of the snapshot whose groups are the clusters; nil for its only grouping by embedding.
  public var grouping: String?
  /// The embedding space whose vectors are compared; nil for the grouping's, else the store's default.
  public var space: String?
  public var budget: Budget
  /// The length measure that counts tokens; nil for the store's own.
  public var measure: String?
  /// A grouping of the snapshot, or two with `*` between them, whose groups share the budget.
  public var strata: String?
  public var shares: StratumShares
  /// Rows that each stratum (each cluster without strata) gets before any gets more.
  public var minimum: UInt64
  /// Rows are left out whose cosine with one of a lower id is above this.
  public var duplicates: Double?
  /// The share of the samples, those farthest from their clusters' centroids, that is left out.
  public var isolated: Double
  /// Compare in coordinates in which vectors spread alike in all directions; for k-center over all only.
  public var isWhitened: Bool
  public var seed: UInt64
  /// Names of selections whose samples are not chosen.
  public var excluded: [String]
  /// `task`, or an attribute: what a linear probe is to tell from the vectors.
  public var probe: String?
  /// What must not be near: a benchmark's items.
  public var avoided: AvoidedItems?
  /// The attribute whose values name examples: samples with the same one are one example in several templates.
  public var example: String?
  /// So many samples of an example may be chosen; 0 for all.
  public var templates: UInt64

  public init(snapshot: String, method: SelectionMethod = .stratified, budget: Budget, seed: UInt64 = 0) {
    self.snapshot = snapshot
    self.method = method
    self.budget = budget
    self.seed = seed
    (grouping, space, measure, strata, duplicates, probe) = (nil, nil, nil, nil, nil, nil)
    (avoided, example, templates) = (nil, nil, 0)
    (shares, minimum, excluded) = (.equal, 0, [])
    (isolated, isWhitened) = (0, false)
  }
}

extension SelectionRequest.Budget {
  /// - Throws: `selection.budget` for what cannot be met by any pool.
  func check() throws {
    switch self {
    case .rows(let count), .tokens(let count):
      guard count > 0 else { throw CohortError(.selectionBudget, "A selection of nothing makes no sense") }
    case .fraction(let share):
      guard share > 0, share <= 1 else {
        throw CohortError(
          .selectionBudget, "\(share) cannot be the share of a snapshot",
          hint: "Choose one above 0 and up to 1, as 0.05")
      }
    }
  }
}

/// A file of items to which no chosen sample may be near: JSON lines `{"vector": […]}` or `{"text": …}`, or a `.npy` file.
public struct AvoidedItems: Hashable, Sendable {
  public var path: String
  /// Samples with a greater cosine to one of the items are left out.
  public var cosine: Double

  public init(path: String, cosine: Double = 0.9) { (self.path, self.cosine) = (path, cosine) }
}
