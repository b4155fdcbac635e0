internal import CohortCore
internal import CohortEmbedding
internal import CohortKernels
public import CohortStore
internal import CohortVectors

/// Finds the samples whose vectors are nearest by cosine.
///
/// Up to `instantElements` values all vectors are read, which gives the truth. Beyond that, the groups of a grouping by
/// embedding are inverted lists (Jégou, Douze and Schmid 2011, IVF): the groups whose centroids are nearest are read until
/// a tenth of all vectors was looked at. Samples that are in no group yet are always looked at.
public enum NearJob {
  /// Values of all vectors together up to which reading them all is instant: 512 MiB of half floats.
  public static let instantElements = 1 << 28
  /// The share of the vectors that is read by groups.
  static let share = 0.1
  /// Samples that are looked at between two looks at whether to go on.
  private static let slice = 1 << 18

  /// Finds what is nearest, as the store is now. Each slice of samples is read in transactions of its own.
  /// - Throws: `store.unknown-embedding-space`, `store.unknown-grouping`; `pipeline.no-vector` for a sample without one and
  ///   for a text that has none; `pipeline.not-by-embedding`; what `SampleFilter.ids` and the space's encoder throw.
  /// - Complexity: a product a vector read.
  public static func run(_ store: Store, _ request: NearRequest, control: JobControl = JobControl()) throws
    -> NearAnswer
  {
    let space = try store.read { try $0.spaceOrDefault(request.space) }
    let vector = try self.vector(of: request.query, in: space, store, control)
    let search = Search(store: store, space: space, vector: vector, request: request, control: control)
    guard request.filter.isEmpty, !request.isExact, let lists = try lists(store, space, request) else {
      return try search.exact()
    }
    var answer = try search.byGroups(lists)
    if request.isChecked { answer.recall = recall(of: answer.nearest, among: try search.exact().nearest) }
    return answer
  }

  /// The grouping to look for groups in; nil to read everything.
  private static func lists(
    _ store: Store, _ space: EmbeddingSpace, _ request: NearRequest
  ) throws -> GroupingRecord? {
    try store.read { transaction in
      if let name = request.grouping {
        let grouping = try transaction.existingGrouping(name)
        guard grouping.definition.isByEmbedding(in: space) else {
          throw CohortError(
            .pipelineNotByEmbedding, "Grouping \"\(name)\" is by \(grouping.definition.text)",
            cause: "only groups by embedding in space \"\(space.name)\" tell where its vectors lie",
            hint: "Leave --grouping out, or choose another: cohort grouping list")
        }
        return grouping
      }
      guard try transaction.counters.live > UInt64(instantElements / space.dimension) else { return nil }
      return try transaction.groupings().filter { $0.definition.isByEmbedding(in: space) }.max {
        ($0.rows, $1.id.rawValue) < ($1.rows, $0.id.rawValue)
      }
    }
  }

  /// The share of some samples that are as near as the farthest of those that are nearest.
  private static func recall(
    of found: [NearAnswer.Neighbour], among nearest: [NearAnswer.Neighbour]
  ) -> Double {
    guard let farthest = nearest.last?.distance else { return 1 }
    return Double(found.count { $0.distance <= farthest }) / Double(nearest.count)
  }

  // MARK: What is asked about

  private static func vector(
    of query: NearRequest.Query, in space: EmbeddingSpace, _ store: Store, _ control: JobControl
  ) throws -> [Float] {
    switch query {
    case .sample(let id): try vector(of: id, in: space, store)
    case .text(let text): try vector(of: text, in: space, store, control)
    case .vector(let values):
      if let objection = objection(to: values, space) {
        throw CohortError(.pipelineDimension, "Nothing is near to this vector", cause: objection)
      } else {
        values
      }
    }
  }

  private static func objection(to values: [Float], _ space: EmbeddingSpace) -> String? {
    guard values.count == space.dimension else {
      return "it has \(values.count) values, and space \"\(space.name)\" has \(space.dimension)"
    }
    guard values.allSatisfy(\.isFinite) else { return "it holds a value that is not a finite number" }
    return values.allSatisfy { $0 == 0 } ? "all its values are 0" : nil
  }

  private static func vector(of id: SampleID, in space: EmbeddingSpace, _ store: Store) throws -> [Float] {
    try store.read { transaction in
      let next = try transaction.counters.nextSample
      guard id.rawValue < next else { throw CohortError.unknownSample(id.rawValue, of: next) }
      guard try !transaction.isDeleted(id) else {
        throw CohortError(.pipelineNoVector, "Sample \(id) was deleted", place: "sample \(id)")
      }
    }
    guard let values = try StoreFeatures(store: store, space: space).vector(of: id.rawValue) else {
      throw CohortError(
        .pipelineNoVector, "Sample \(id) has no vector in space \"\(space.name)\"", place: "sample \(id)",
        hint: "cohort update embeds what is pending; cohort space show \(space.name) says what has none")
    }
    return values
  }

  private static func vector(
    of text: String, in space: EmbeddingSpace, _ store: Store, _ control: JobControl
  ) throws -> [Float] {
    guard let encoder = try space.openEncoder(in: store, workers: control.workers) else {
      throw CohortError(
        .pipelineEncoder, category: .usage, "Space \"\(space.name)\" cannot turn a text into a vector",
        cause: "its vectors are given", hint: "Give the text's vector with --vector FILE.npy")
    }
    let outcomes = try encoder.encode([text])
    switch outcomes.first {
    case .vector(let values) where outcomes.count == 1:
      guard let objection = objection(to: values, space) else { return values }
      throw CohortError(
        .pipelineEncoder, "The encoder of space \"\(space.name)\" does not work right", place: encoder.identity.model,
        cause: "the text's vector is of no use: \(objection)")
    case .refused(let reason):
      throw CohortError(
        .pipelineNoVector, "The encoder of space \"\(space.name)\" refuses the text", cause: reason)
    default:
      throw CohortError(
        .pipelineNoVector, "The text has no vector in space \"\(space.name)\"",
        cause: "it holds no word that the model knows")
    }
  }

  // MARK: Looking

  private struct Search {
    let store: Store
    let space: EmbeddingSpace
    let vector: [Float]
    let request: NearRequest
    let control: JobControl

    private var excluded: UInt64? { if case .sample(let id) = request.query { id.rawValue } else { nil } }

    /// Looks at some samples, and gives what is nearest among them.
    private func look(
      total: UInt64?, _ next: (_ slice: Int) throws -> [UInt64]
    ) throws -> (nearest: [NearAnswer.Neighbour], read: Int) {
      let workers = Workers(count: control.workers)
      defer { workers.end() }
      let rows = NearestRows(
        to: vector, count: request.count, excluding: excluded, workers, KernelPath.best.code)
      let source = StoreFeatures(store: store, space: space)
      var done: UInt64 = 0
      while true {
        let samples = try next(NearJob.slice)
        guard !samples.isEmpty else { break }
        try rows.look(at: samples, of: source)
        done += UInt64(samples.count)
        control.report(JobProgress(stage: "near", done: done, total: total, unit: "vectors"))
        try control.checkpoint()
      }
      return (
        rows.nearest.map { NearAnswer.Neighbour(id: SampleID($0.id), distance: $0.distance) }, rows.read
      )
    }

    /// All samples that are meant.
    func exact() throws -> NearAnswer {
      let found: (nearest: [NearAnswer.Neighbour], read: Int)
      if request.filter.isEmpty {
        var next: UInt64? = 0
        found = try look(total: try store.read { try $0.counters.live }) { slice in
          guard let first = next else { return [] }
          let samples = try store.read { transaction in
            try [UInt64](unsafeUninitializedCapacity: slice) { room, count in
              count = try transaction.liveSamples(from: first, into: room)
            }
          }
          next = samples.last.flatMap { $0 == .max ? nil : $0 + 1 }
          return samples
        }
      } else {
        let meant = try store.read { try request.filter.ids(in: $0, control: control) }.map(\.rawValue)
        found = try look(all: meant)
      }
      return NearAnswer(
        nearest: found.nearest, space: space.name, isExact: true, read: found.read, vectors: found.read)
    }

    private func look(all samples: [UInt64]) throws -> (nearest: [NearAnswer.Neighbour], read: Int) {
      var rest = samples[...]
      return try look(total: UInt64(samples.count)) { slice in
        defer { rest = rest.dropFirst(slice) }
        return Array(rest.prefix(slice))
      }
    }

    /// The nearest groups, and the samples that are in none.
    func byGroups(_ grouping: GroupingRecord) throws -> NearAnswer {
      let (samples, groups, assigned) = try store.read { transaction in
        // The groups, sizes and members are of one state.
        let grouping = try transaction.stored(grouping)
        let groups = try transaction.groups(of: grouping.id).filter { $0.isOpen && $0.size > 0 }
        let assigned = groups.reduce(0) { $0 + $1.size }
        let chosen = nearest(groups, assigned: assigned)
        var samples: [UInt64] = []
        try transaction.forEachBlock(of: [grouping.groupColumn]) { block in
          for row in 0..<block.count where !block.isDeleted(row) {
            let group = block.uint32(0, row)
            if group == GroupID.unassigned.rawValue || chosen.contains(group) {
              samples.append(block.first + UInt64(row))
            }
          }
          return true
        }
        return (samples, chosen.count, assigned)
      }
      let found = try look(all: samples)
      return NearAnswer(
        nearest: found.nearest, space: space.name, isExact: false, grouping: grouping.name, groups: groups,
        read: found.read, vectors: Int(clamping: assigned))
    }

    /// Groups in the order in which their cells may begin to hold something near, until they have a tenth of the samples; more
    /// where that is few for what is wanted. A sample is in the group of the nearest centroid, so what lies in the cell of b
    /// is at least as far as the plane between b and the centroid a that is nearest to the vector:
    /// (|q - b|² - |q - a|²) / 2 |a - b|.
    private func nearest(_ groups: [CohortStore.GroupRecord], assigned: UInt64) -> Set<UInt32> {
      let path = KernelPath.best.code
      let unit = CosineQuery(vector, path).unit
      func distance(_ a: [Float], _ b: [Float]) -> Double { cohort_squared_distance(path, a, b, vector.count) }
      var cells = groups.compactMap { group -> (bound: Double, group: CohortStore.GroupRecord, centroid: [Float])? in
        guard case .centroid(let values) = group.geometry, values.count == vector.count else { return nil }
        return (distance(unit, values), group, values)
      }
      guard let home = cells.min(by: { ($0.bound, $0.group.id) < ($1.bound, $1.group.id) }) else { return [] }
      for i in cells.indices {
        let apart = distance(cells[i].centroid, home.centroid).squareRoot()
        cells[i].bound = apart > 0 ? (cells[i].bound - home.bound) / (2 * apart) : 0
      }
      let order = cells.sorted { ($0.bound, $0.group.id) < ($1.bound, $1.group.id) }
      let budget = max(UInt64(Double(assigned) * NearJob.share), UInt64(clamping: 3 * (request.count + 1)))
      var (chosen, members): (Set<UInt32>, UInt64) = ([], 0)
      for (_, group, _) in order {
        guard chosen.isEmpty || members + group.size <= budget else { break }
        chosen.insert(group.id.rawValue)
        members += group.size
      }
      return chosen
    }
  }
}

extension GroupingDefinition {
  /// Whether its groups have centroids among the vectors of a space, each sample in the group of the nearest one.
  func isByEmbedding(in space: EmbeddingSpace) -> Bool { criterion is EmbeddingKind && self.space == space.name }
}
