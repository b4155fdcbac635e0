internal import CohortVectors

/// t-SNE (van der Maaten and Hinton, 2008) by gradient descent with momentum and gains. In each step every moving point sums
/// the pulls of its own neighbours from the last positions, in order, and takes the push of all points from the field; then all
/// move. No random numbers; the bits depend on neither workers nor processor.
///
/// Forces are those of t-SNE times the number of points, over 4: the pulls at a point add up to about 1.
final class Descent {
  /// The longest move of a step.
  private static let longestMove: Float = 5
  private static let grain = 2048
  /// So few points push one another pair by pair: alone, or among fixed ones whose field is made once.
  private static let fewAlone = 512
  private static let fewAmongFixed = 2048
  /// How far from the points outside the field a moving point may get.
  private static let room: Float = 32

  private let workers: Workers
  private let field: RepulsionField
  private let graph: AttractionGraph
  /// Points that stay.
  private let fixed: Int
  private let moving: Int
  /// Of all points: fixed ones first.
  private let places: UnsafeMutableBufferPointer<SIMD2<Float>>
  private let next: UnsafeMutableBufferPointer<SIMD2<Float>>
  private let moves: UnsafeMutableBufferPointer<SIMD2<Float>>
  private let gains: UnsafeMutableBufferPointer<SIMD2<Float>>
  /// Where moving points are held, and how strongly.
  private let anchors: [SIMD2<Float>]
  private let anchored: Int
  private let hold: Float
  private let fixedBounds: PlaceBounds?
  /// Points over the sum of all potentials: fixed for moving points that join fixed ones.
  private var density: Float?

  /// - Parameters:
  ///   - places: the fixed points, then the moving ones where they begin.
  ///   - anchored: how many of the moving points, from the first on, are drawn back to where they begin.
  ///   - hold: how strongly, for each unit of distance.
  init(
    _ places: [SIMD2<Float>], fixed: Int, _ graph: AttractionGraph, anchored: Int = 0, hold: Float = 0,
    _ workers: Workers
  ) {
    self.workers = workers
    self.graph = graph
    self.fixed = fixed
    moving = places.count - fixed
    field = RepulsionField(workers)
    self.places = .allocate(capacity: places.count)
    _ = self.places.initialize(from: places)
    next = .allocate(capacity: moving)
    next.initialize(repeating: .zero)
    moves = .allocate(capacity: moving)
    moves.initialize(repeating: .zero)
    gains = .allocate(capacity: moving)
    gains.initialize(repeating: .one)
    anchors = Array(places[fixed...].prefix(anchored))
    self.anchored = anchored
    self.hold = hold
    fixedBounds = PlaceBounds(places.prefix(fixed))
  }

  deinit {
    places.deallocate()
    next.deallocate()
    moves.deallocate()
    gains.deallocate()
  }

  /// Where the moving points are.
  var moved: [SIMD2<Float>] { Array(places[fixed...]) }

  /// - Parameter progress: gets the share of the steps that is done, after each; what it throws ends the work.
  func run(_ stages: [DescentStage], _ progress: (Double) throws -> Void = { _ in }) throws {
    let all = Double(stages.reduce(0) { $0 + $1.steps })
    var done = 0.0
    for stage in stages {
      for _ in 0..<stage.steps {
        try step(stage)
        done += 1
        try progress(done / all)
      }
    }
  }

  private var isPairwise: Bool { moving <= (fixed == 0 ? Self.fewAlone : Self.fewAmongFixed) }

  /// Brings the field to where the points are.
  private func charge() throws {
    let now = UnsafeBufferPointer(rebasing: places[fixed...])
    guard var bounds = PlaceBounds(now) else { return }
    bounds = bounds.union(fixedBounds)
    if fixed > 0 {
      let isWithin = field.grid.map { $0.holds(bounds) } ?? false
      if !isWithin {
        var wide = bounds
        wide.lower -= Self.room
        wide.upper += Self.room
        _ = try field.fit(wide)
        field.addFixed(UnsafeBufferPointer(rebasing: places[..<fixed]))
        field.removeMoving()
        let sum = try field.compute()
        if density == nil { density = Float(Double(fixed) / max(sum - Double(fixed), 1)) }
      }
      guard !isPairwise else { return }
      field.removeMoving()
      field.addMoving(now)
      _ = try field.compute()
    } else {
      _ = try field.fit(bounds)
      field.removeMoving()
      field.addMoving(now)
      density = Float(Double(moving) / max(try field.compute() - Double(moving), 1))
    }
  }

  private func step(_ stage: DescentStage) throws {
    guard moving > 0 else { return }
    let isAlone = fixed == 0 && isPairwise
    if isAlone { density = pairwiseDensity() } else { try charge() }
    let push = density ?? 1
    nonisolated(unsafe) let (places, next, moves, gains) = (places, next, moves, gains)
    nonisolated(unsafe) let reading = isAlone ? nil : field.reading
    let (graph, fixed, moving, anchors, hold, isPairwise) = (graph, fixed, moving, anchors, hold, isPairwise)
    let rate = 1 / stage.exaggeration
    try workers.run(parts: (moving + Self.grain - 1) / Self.grain, isWorthwhile: moving > Self.grain) { _, part in
      for i in (part * Self.grain)..<min((part + 1) * Self.grain, moving) {
        let place = places[fixed + i]
        var pull = SIMD2<Float>.zero
        for edge in graph.starts[i]..<graph.starts[i + 1] {
          let away = place - places[Int(graph.others[edge])]
          pull += away * (graph.weights[edge] / (1 + (away.x * away.x + away.y * away.y)))
        }
        var force = reading?.force(at: place) ?? .zero
        if isPairwise {
          for j in 0..<moving {
            let away = place - places[fixed + j]
            let level = 1 / (1 + (away.x * away.x + away.y * away.y))
            force += away * (level * level)
          }
        }
        var slope = stage.exaggeration * pull - push * force
        if i < anchors.count { slope += hold * (place - anchors[i]) }
        // Delta-bar-delta (Jacobs, 1988).
        var gain = gains[i]
        let isSame = (slope .< 0) .== (moves[i] .< 0)
        gain.replace(with: gain * 0.8, where: isSame)
        gain.replace(with: gain + 0.2, where: .!isSame)
        gain.clamp(lowerBound: SIMD2(repeating: 0.01), upperBound: SIMD2(repeating: 1e3))
        gains[i] = gain
        var move = stage.momentum * moves[i] - rate * gain * slope
        let length = (move.x * move.x + move.y * move.y).squareRoot()
        if length > Self.longestMove { move *= Self.longestMove / length }
        moves[i] = move
        next[i] = place + move
      }
    }
    guard let to = places.baseAddress, let from = next.baseAddress else { return }
    (to + fixed).update(from: from, count: moving)
  }

  /// As `density`, pair by pair.
  private func pairwiseDensity() -> Float {
    var sum = 0.0
    for i in 0..<moving {
      for j in 0..<i {
        let away = places[i] - places[j]
        sum += Double(1 / (1 + (away.x * away.x + away.y * away.y)))
      }
    }
    return Float(Double(moving) / max(2 * sum, 1e-12))
  }
}
