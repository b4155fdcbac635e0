internal import CohortVectors

/// Samples that a moved centroid may attract, on their way through the filter. Each worker has its own and uses it again.
final class Suspects {
  /// Columns that a sample may have to fear.
  static let mostChoices = HalfFilter.Candidates.mostChoices

  private(set) var count = 0
  private let capacity: Int
  private let samples: UnsafeMutablePointer<UInt64>
  private let slots: UnsafeMutablePointer<Int32>
  private let distances: UnsafeMutablePointer<Float>
  /// `mostChoices` places a sample, and how many of them are taken; all 0 for samples that fear every column.
  private let places: UnsafeMutablePointer<UInt32>
  private let choiceCounts: UnsafeMutablePointer<UInt8>

  init(capacity: Int) {
    self.capacity = capacity
    samples = .allocate(capacity: capacity)
    slots = .allocate(capacity: capacity)
    distances = .allocate(capacity: capacity)
    places = .allocate(capacity: capacity * Self.mostChoices)
    choiceCounts = .allocate(capacity: capacity)
  }

  deinit {
    samples.deallocate()
    slots.deallocate()
    distances.deallocate()
    places.deallocate()
    choiceCounts.deallocate()
  }

  /// What the filter looks at. Valid until the next change.
  var candidates: HalfFilter.Candidates {
    HalfFilter.Candidates(
      UnsafeBufferPointer(start: samples, count: count), limits: distances, choices: places, counts: choiceCounts)
  }

  /// The columns of the sample that comes next, to be filled in before it is added.
  var nextChoices: UnsafeMutablePointer<UInt32> {
    precondition(count < capacity, "more suspects than there is room for")
    return places + count * Self.mostChoices
  }

  /// - Parameter choices: how many of `nextChoices` were filled in.
  func add(_ sample: UInt64, slot: Int, _ distance: Float, choices: Int = 0) {
    precondition(count < capacity, "more suspects than there is room for")
    samples[count] = sample
    slots[count] = Int32(slot)
    distances[count] = distance
    choiceCounts[count] = UInt8(choices)
    count += 1
  }

  func removeAll() { count = 0 }

  subscript(_ i: Int) -> (sample: UInt64, slot: Int32, distance: Float) { (samples[i], slots[i], distances[i]) }
}
