internal import CohortKernels
internal import CohortVectors

/// The vectors of the rows of one cell: held in memory where they are few, else read again whenever they are asked for.
///
/// Guard of the unchecked conformance: nothing changes after `init`.
final class GatheredRows: @unchecked Sendable {
  /// Of the cell's rows; places are indices into it.
  let ids: [UInt64]
  private let engine: SelectionEngine
  /// All vectors, where they are held.
  private let kept: [Float]
  private let isPresent: [Bool]
  private let areKept: Bool

  var dimension: Int { engine.dimension }

  /// Whether so many rows are held in memory.
  static func areKept(_ count: Int, _ engine: SelectionEngine) -> Bool {
    count * engine.dimension * 4 <= engine.keptBytes
  }

  /// - Parameters:
  ///   - ids: ascending.
  ///   - worker: who reads them, where they are held.
  init(_ ids: [UInt64], _ engine: SelectionEngine, worker: Int) throws {
    self.ids = ids
    self.engine = engine
    areKept = Self.areKept(ids.count, engine)
    var kept: [Float] = []
    var isPresent: [Bool] = []
    if areKept {
      kept.reserveCapacity(ids.count * engine.dimension)
      isPresent.reserveCapacity(ids.count)
      let block = engine.blocks[worker]
      for start in stride(from: 0, to: ids.count, by: block.capacity) {
        try block.load(Array(ids[start..<min(start + block.capacity, ids.count)]), engine.source, engine.path)
        for i in 0..<block.count {
          kept.append(contentsOf: block.values(i))
          isPresent.append(block.isPresent(i))
        }
      }
    }
    (self.kept, self.isPresent) = (kept, isPresent)
  }

  /// Calls `body` with all vectors one after the other, where they are held; what is there for a sample without one has no
  /// meaning.
  func withKept(_ body: (UnsafePointer<Float>) -> Void) {
    kept.withUnsafeBufferPointer { if areKept, let start = $0.baseAddress { body(start) } }
  }

  /// Whether a sample has a vector, where they are held.
  func isPresent(_ place: Int) -> Bool { isPresent[place] }

  /// Calls `body` with each of some places and its vector, of length 1; nil for a sample without one. Pointers are valid
  /// inside `body` only.
  /// - Parameter places: ascending, so that what lies together is read together.
  func forEach(
    _ places: some RandomAccessCollection<Int>, worker: Int, _ body: (_ place: Int, UnsafePointer<Float>?) -> Void
  ) throws {
    if areKept {
      return kept.withUnsafeBufferPointer { kept in
        for place in places {
          body(place, isPresent[place] ? kept.baseAddress.map { $0 + place * dimension } : nil)
        }
      }
    }
    let block = engine.blocks[worker]
    var rest = Array(places)[...]
    while !rest.isEmpty {
      let some = rest.prefix(block.capacity)
      rest = rest.dropFirst(some.count)
      try block.load(some.map { ids[$0] }, engine.source, engine.path)
      for (i, place) in some.enumerated() { body(place, block.isPresent(i) ? block.pointer(i) : nil) }
    }
  }
}
