internal import CohortCore
internal import CohortKernels
internal import CohortVectors

/// Where the samples of a new map begin: cells are laid out by their centroids, samples within their cell by its plane of
/// most spread.
struct FirstLayout {
  /// The spread that everything is scaled to.
  static let spread: Float = 0.01
  private static let share = 0.8

  let dimension: Int
  let workers: Workers
  let path: cohort_path

  /// - Parameters:
  ///   - samples: ascending, each with a vector.
  ///   - centroids: of the cells.
  ///   - members: of each cell, as indices of samples, ascending.
  /// - Returns: a place for each sample.
  func places(
    of samples: [UInt64], _ source: any RowSource, around centroids: [[Float]], _ members: [[UInt32]]
  ) throws -> [SIMD2<Float>] {
    let middles = try layout(centroids)
    let radii = middles.indices.map { i -> Double in
      var least = Double.infinity
      for j in middles.indices where j != i {
        let away = SIMD2<Double>(middles[i] - middles[j])
        least = min(least, (away.x * away.x + away.y * away.y).squareRoot())
      }
      return least.isFinite ? Self.share * least : 1
    }
    let found = try workers.map(members.count, isWorthwhile: true) { _, cell in
      try local(members[cell].map { samples[Int($0)] }, source, middles[cell], radii[cell])
    }
    var places = [SIMD2<Float>](repeating: .zero, count: samples.count)
    for (cell, some) in members.enumerated() {
      for (index, sample) in some.enumerated() { places[Int(sample)] = found[cell][index] }
    }
    return Self.scaled(places, samples)
  }

  /// Samples of a cell around its middle.
  func local(
    _ samples: [UInt64], _ source: any RowSource, _ middle: SIMD2<Float>, _ radius: Double
  ) throws -> [SIMD2<Float>] {
    guard samples.count > 1 else { return samples.map { _ in middle } }
    let plane = try PrincipalPlane(of: samples, source, dimension: dimension, path)
    let block = RowBlock(dimension: dimension, capacity: RowBlock.rows(dimension: dimension))
    var offsets: [SIMD2<Double>] = []
    for start in stride(from: 0, to: samples.count, by: block.capacity) {
      try block.load(Array(samples[start..<min(start + block.capacity, samples.count)]), source, path)
      for i in 0..<block.count {
        guard block.isPresent(i), let row = block.pointer(i) else {
          offsets.append(.zero)
          continue
        }
        let place = plane.place(of: row)
        offsets.append(SIMD2(place.x, place.y))
      }
    }
    let farthest = offsets.reduce(0) { max($0, $1.x * $1.x + $1.y * $1.y) }.squareRoot()
    let scale = farthest > 1e-12 ? radius / farthest : 0
    return offsets.map { middle + SIMD2<Float>($0 * scale) }
  }

  /// t-SNE of the centroids alone, in units of its own.
  private func layout(_ centroids: [[Float]]) throws -> [SIMD2<Float>] {
    let ids = centroids.indices.map(UInt64.init)
    let rows = CellRows(rows: centroids)
    let plane = try PrincipalPlane(of: ids, rows, dimension: dimension, path)
    let places = centroids.map { row in
      row.withUnsafeBufferPointer { row -> SIMD2<Float> in
        guard let row = row.baseAddress else { return .zero }
        let place = plane.place(of: row)
        return SIMD2(Float(place.x), Float(place.y))
      }
    }
    guard centroids.count > 3 else { return places }
    let lists = try NeighbourLists(dimension: dimension, count: min(15, centroids.count - 1), workers, path)
      .lists(among: ids, of: rows, around: [centroids[0]])
    let graph = AttractionGraph(lists.map { $0.map { Int32($0.id) } }, fixed: 0)
    let descent = Descent(Self.scaled(places, ids), fixed: 0, graph, workers)
    try descent.run([
      DescentStage(steps: 100, exaggeration: 12, momentum: 0.5), DescentStage(steps: 400),
    ])
    return descent.moved
  }

  /// Places around the origin, with the layout's spread, and a hair apart where they would be the same.
  private static func scaled(_ places: [SIMD2<Float>], _ ids: [UInt64]) -> [SIMD2<Float>] {
    let count = Double(max(places.count, 1))
    let mean = places.reduce(SIMD2<Double>.zero) { $0 + SIMD2<Double>($1) } / count
    let squares = places.reduce(0.0) { sum, place in
      let away = SIMD2<Double>(place) - mean
      return sum + away.x * away.x + away.y * away.y
    }
    let deviation = (squares / (2 * count)).squareRoot()
    let scale = deviation > 1e-12 ? Double(spread) / deviation : 0
    return zip(places, ids).map { place, id in
      SIMD2<Float>((SIMD2<Double>(place) - mean) * scale) + Jitter.offset(of: id, within: spread / 100)
    }
  }
}

/// Small shifts that depend on a sample's id alone.
enum Jitter {
  /// Within a square of twice that side.
  static func offset(of id: UInt64, within radius: Float) -> SIMD2<Float> {
    let bits = Mixing.key(id, 0x6d_6170)
    func unit(_ bits: UInt64) -> Float { Float(bits & 0xff_ffff) / Float(0x80_0000) - 1 }
    return SIMD2(unit(bits), unit(bits >> 32)) * radius
  }
}
