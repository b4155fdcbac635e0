import CohortClustering
import CohortCore
import CohortKernels
import CohortTesting
import Testing

/// Isotropic components with power-law weights on the unit sphere: the "iso" data of the design's measurements, small.
struct IsotropicMixture {
  var vectors: [[Float]] = []
  var components: [Int] = []

  init(count: Int, dimension: Int, components k: Int, sigma: Double = 0.8, seed: UInt64, sorted: Bool = false) {
    var random = TestRandom(seed: seed)
    let centers = (0..<k).map { _ in Self.unit((0..<dimension).map { _ in random.normal() }) }
    let weights = (1...k).map { 1 / Double($0) }
    let total = weights.reduce(0, +)
    for _ in 0..<count {
      var draw = random.unit() * total
      var component = 0
      while component < k - 1, draw > weights[component] {
        draw -= weights[component]
        component += 1
      }
      components.append(component)
    }
    if sorted { components.sort() }
    let scale = sigma / Double(dimension).squareRoot()
    for component in components {
      vectors.append(Self.unit(centers[component].map { $0 + scale * random.normal() }).map { Float($0) })
    }
  }

  private static func unit(_ values: [Double]) -> [Double] {
    let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return values.map { $0 / norm }
  }
}

extension Driver {
  static func embedding(
    _ granularity: GroupingDefinition.Granularity, dimension: Int, options: EmbeddingOptions = EmbeddingOptions(),
    rules: UInt32 = GroupingState.rulesVersion
  ) throws -> Driver {
    var driver = try Driver(GroupingDefinition(criterion: .task))
    driver.state = try GroupingState(
      definition: GroupingDefinition(criterion: .embedding(space: "test"), granularity: granularity),
      dimension: dimension, options: options)
    driver.state.rules = rules
    return driver
  }

  mutating func insertVectors(_ vectors: [[Float]?]) throws {
    try receive(vectors.map { ChangeRecord(.inserted, store.addRow(vector: $0), .vector) })
  }

  mutating func delete(_ samples: [Int]) throws {
    try receive(samples.map { ChangeRecord(.deleted, SampleID(UInt64($0)), .vector) })
  }

  /// Open groups with their published centroids, by the state.
  var centroids: [(group: GroupID, values: [Float])] {
    state.groups.compactMap {
      guard case .centroid(let values)? = state.record(of: $0)?.geometry else { return nil }
      return ($0, values)
    }
  }

  func normalized(_ row: Int) -> [Float]? {
    guard var vector = store.vectors[row] else { return nil }
    var present: UInt8 = 1
    cohort_normalize(COHORT_PATH_PLAIN, COHORT_SUM_IN_LANES, &vector, 1, vector.count, &present)
    return present == 1 ? vector : nil
  }

  /// The lowest group among the nearest, in fixed-order Float64, with the distance.
  func nearest(_ vector: [Float], _ centroids: [(group: GroupID, values: [Float])]) -> (GroupID, Float) {
    var best = (GroupID.unassigned, Double.infinity)
    for (group, values) in centroids {
      let distance = cohort_squared_distance(COHORT_PATH_PLAIN, vector, values, vector.count)
      if distance < best.1 { best = (group, distance) }
    }
    return (best.0, Float(best.1))
  }

  /// How many applied samples are not on their nearest published centroid, or have another distance stored.
  func misplaced() -> Int {
    let centroids = centroids
    return store.groups.indices.filter { row in
      guard store.groups[row] != .max, store.distances[row].sign == .plus, let vector = normalized(row) else {
        return false
      }
      let (group, distance) = nearest(vector, centroids)
      return store.groups[row] != group.rawValue || store.distances[row] != distance
    }.count
  }

  /// Live sums and counts against the table, recomputed from scratch.
  func checkSums(_ comment: Comment? = nil) {
    var sums: [GroupID: [Int64]] = [:]
    for row in store.groups.indices where store.groups[row] != .max && store.distances[row].sign == .plus {
      guard let vector = normalized(row) else { continue }
      let group = GroupID(store.groups[row])
      var sum = sums[group] ?? [Int64](repeating: 0, count: vector.count)
      cohort_sum_add(COHORT_PATH_PLAIN, &sum, vector, vector.count)
      sums[group] = sum
    }
    let sizes = store.sizes
    #expect(Set(sums.keys) == Set(state.groups), comment)
    for group in state.groups {
      #expect(state.record(of: group)?.live?.sum == sums[group], comment)
      #expect(state.record(of: group)?.count == sizes[group], comment)
    }
  }

  /// Mean squared distance of all applied samples to their published centroids.
  var meanSquaredDistance: Double {
    let rows = store.groups.indices.filter { store.groups[$0] != .max && store.distances[$0].sign == .plus }
    return rows.reduce(0.0) { $0 + Double(store.distances[$1]) } / Double(max(rows.count, 1))
  }
}
