package import CohortKernels

/// Some vectors that rows are compared with (centroids, anchors, core sets), packed for the blocked kernel and as plain
/// rows for decisions in fixed-order Float64. Columns are in no particular order: ties go to the lowest id.
///
/// Guard of the unchecked conformance: it is changed by its owner's thread only, and never while workers run.
package final class ColumnSet: @unchecked Sendable {
  package let dimension: Int
  /// Columns, those that were taken away included.
  package private(set) var count = 0
  /// Slot of each column in its owner's tables; -1 for a column that was taken away.
  package private(set) var slots: [Int] = []
  private(set) var ids: [UInt32] = []
  /// As the kernels want them. Valid until the set changes, as all pointers here.
  package private(set) var packed: UnsafeMutablePointer<Float>
  /// Columns as rows, one after the other.
  package private(set) var plain: UnsafeMutablePointer<Float>
  private var capacity: Int
  private var greatestSquare = 0.0
  /// The kernels that the tree uses when columns change.
  private var path = COHORT_PATH_BEST
  /// Largest error of a score of a row of length 1.
  package private(set) var scoreError = 0.0
  /// How rows are compared when there are very many columns.
  package private(set) var tree: ColumnTree?

  /// A set without columns.
  package init(dimension: Int, capacity: Int) {
    self.dimension = dimension
    self.capacity = Self.panels(capacity)
    (packed, plain) = Self.allocate(self.capacity, dimension)
  }

  /// - Parameters:
  ///   - slots: which rows of `vectors` are taken.
  ///   - ids: the id of each slot.
  ///   - vectors: rows of `dimension` values, slot after slot.
  package convenience init(dimension: Int, slots: some Collection<Int>, ids: [UInt32], vectors: [Float]) {
    self.init(dimension: dimension, capacity: slots.count)
    vectors.withUnsafeBufferPointer {
      for slot in slots {
        append(
          UnsafeBufferPointer(rebasing: $0[(slot * dimension)..<((slot + 1) * dimension)]), slot: slot, id: ids[slot])
      }
    }
  }

  /// Columns of whole panels, at least one: what the kernels compute at once.
  package static func panels(_ count: Int) -> Int {
    let panel = Int(COHORT_PANEL)
    return max((count + panel - 1) / panel * panel, panel)
  }

  private static func allocate(
    _ capacity: Int, _ dimension: Int
  ) -> (packed: UnsafeMutablePointer<Float>, plain: UnsafeMutablePointer<Float>) {
    let floats = cohort_packed_size(capacity, dimension)
    let packed = UnsafeMutableRawPointer.allocate(byteCount: floats * 4, alignment: 64).bindMemory(
      to: Float.self, capacity: floats)
    cohort_pack_clear(packed, capacity, dimension)
    return (packed, .allocate(capacity: capacity * dimension))
  }

  deinit {
    UnsafeMutableRawPointer(packed).deallocate()
    plain.deallocate()
  }

  // MARK: Changes

  /// Adds a column, of any finite length.
  package func append(_ values: UnsafeBufferPointer<Float>, slot: Int, id: UInt32) {
    if count == capacity { grow() }
    count += 1
    slots.append(slot)
    ids.append(id)
    replace(count - 1, values)
  }

  /// From now on, rows are compared with a part of the columns: those that `ColumnTree` chooses.
  package func divide(_ path: cohort_path) {
    tree = ColumnTree(of: self, path)
    self.path = path
  }

  /// Gives a column other values.
  package func replace(_ column: Int, _ values: UnsafeBufferPointer<Float>) {
    precondition(values.count == dimension, "a column of another dimension")
    guard let values = values.baseAddress else { return }
    (plain + column * dimension).update(from: values, count: dimension)
    cohort_pack_column(packed, dimension, column, values)
    tree?.hang(column, self, path)
    let square = 2 * Double(cohort_packed_half_norm(packed, dimension, column)) * 1.000001
    guard square > greatestSquare || count == 1 else { return }
    greatestSquare = square
    scoreError = cohort_score_error(dimension, 1.000001, square.squareRoot()) * 1.0001
  }

  /// Takes the column of a slot away; greater slots move down by one.
  package func remove(slot: Int) {
    for column in 0..<count where slots[column] >= slot {
      if slots[column] == slot {
        erase(column)
      } else {
        slots[column] -= 1
      }
    }
  }

  /// Takes a column away and leaves the others' slots alone.
  package func erase(_ column: Int) {
    slots[column] = -1
    cohort_pack_erase(packed, dimension, column)
    tree?.remove(column)
  }

  private func grow() {
    let wider = Self.panels(capacity * 2)
    let (nextPacked, nextPlain) = Self.allocate(wider, dimension)
    nextPacked.update(from: packed, count: cohort_packed_size(capacity, dimension))
    nextPlain.update(from: plain, count: count * dimension)
    UnsafeMutableRawPointer(packed).deallocate()
    plain.deallocate()
    (packed, plain, capacity) = (nextPacked, nextPlain, wider)
  }
}
