internal import CohortCore
internal import CohortReading
public import CohortStore
internal import CohortVectors
public import Foundation

/// What an atlas is made of.
public struct AtlasRequest: Sendable {
  /// Which samples; those without a vector are left out and counted.
  public var scope: ExportRequest.Scope
  /// Only samples with this task label; nil for all.
  public var task: String?
  /// The embedding space; nil for the store's default.
  public var space: String?
  /// Nearest samples of each, among those that are written.
  public var neighbours: Int
  /// Where to write; `-` for standard output.
  public var path: String

  public init(
    scope: ExportRequest.Scope, task: String? = nil, space: String? = nil, neighbours: Int = 15, path: String
  ) {
    self.scope = scope
    self.task = task
    self.space = space
    self.neighbours = neighbours
    self.path = path
  }
}

/// What an atlas holds.
public struct AtlasReport: Hashable, Sendable {
  /// Lines written, one a sample.
  public var written: UInt64 = 0
  /// Samples of the scope that have no vector.
  public var without: UInt64 = 0
  /// Samples of the scope that were deleted since.
  public var deleted: UInt64 = 0
  /// The embedding space and, if one served, the grouping whose groups told where neighbours are.
  public var space = ""
  public var grouping: String?
  /// Size of what was written.
  public var bytes: UInt64 = 0
}

/// Writes samples with a place in the plane and their nearest neighbours, for Embedding Atlas
/// (`embedding-atlas FILE --text text --x x --y y --neighbors neighbors --disable-projection`).
///
/// The plane is that of the first two principal components. A line has `id`, `text` (the prompt), `response`, `task`,
/// `source`, `response_length`, the group in each grouping as `group_NAME`, `x`, `y`, and `neighbors`: the numbers of lines,
/// from 0, with 1 - cosine.
public enum AtlasJob {
  /// The most characters of a text.
  private static let textCharacters = 1_000

  /// - Throws: what the scope throws, as for `ExportJob.run`; `store.unknown-embedding-space`; `pipeline.export` when the
  ///   file cannot be written.
  /// - Parameter output: takes the bytes when the request's path is `-`.
  /// - Complexity: each sample is compared with those of the groups nearest to its own.
  public static func run(
    _ store: Store, _ request: AtlasRequest, control: JobControl = JobControl(), output: FileHandle? = nil
  ) throws -> AtlasReport {
    var report = AtlasReport()
    let space = try store.read { try $0.spaceOrDefault(request.space) }
    report.space = space.name
    let samples = try samples(store, request, space, &report)
    let source = StoreFeatures(store: store, space: space)
    let path = KernelPath.best.code
    let workers = Workers(count: control.workers)
    defer { workers.end() }
    let centroids = try centroids(store, space, samples, &report)
    func tell(_ stage: String, _ share: Double) throws {
      let done = UInt64(share * Double(samples.count))
      control.report(JobProgress(stage: stage, done: done, total: UInt64(samples.count), unit: "samples"))
      try control.checkpoint()
    }
    let plane = try PrincipalPlane(of: samples, source, dimension: space.dimension, path)
    let lists = try NeighbourLists(dimension: space.dimension, count: request.neighbours, workers, path)
      .lists(among: samples, of: source, around: centroids) { try tell("neighbours", $0) }
    let groupings = try store.read { try $0.groupings() }
    let block = RowBlock(dimension: space.dimension, capacity: RowBlock.rows(dimension: space.dimension))
    let file = try ExportFile(request.path, output)
    do {
      for start in stride(from: 0, to: samples.count, by: block.capacity) {
        let some = Array(samples[start..<min(start + block.capacity, samples.count)])
        try block.load(some, source, path)
        var bytes: [UInt8] = []
        try store.read { transaction in
          for (i, id) in some.enumerated() {
            guard let row = block.pointer(i) else { continue }
            var line = ExportedLine()
            try describe(SampleID(id), groupings, &line, transaction)
            let place = plane.place(of: row)
            line.add("x", json: Array("\(place.x)".utf8))
            line.add("y", json: Array("\(place.y)".utf8))
            line.add("neighbors", json: neighbours(lists[start + i]))
            bytes += line.finished
          }
        }
        try file.write(Data(bytes))
        report.written += UInt64(some.count)
        report.bytes += UInt64(bytes.count)
        try tell("export", Double(start + some.count) / Double(samples.count))
      }
      try file.finish()
    } catch {
      file.abandon()
      throw error
    }
    return report
  }

  /// The samples that are written, ascending.
  private static func samples(
    _ store: Store, _ request: AtlasRequest, _ space: EmbeddingSpace, _ report: inout AtlasReport
  ) throws -> [UInt64] {
    let export = ExportRequest(scope: request.scope, layout: .messages, task: request.task, path: request.path)
    let selection = try ExportJob.Selection(store, export)
    var samples: [UInt64] = []
    try store.read { transaction in
      for id in selection.ids.sorted() {
        if try transaction.isDeleted(id) {
          report.deleted += 1
        } else if try selection.task.map({ try transaction.uint32(Column.task, id) == $0.rawValue }) ?? true {
          if try transaction.uint8(space.states, id) == VectorState.present.rawValue {
            samples.append(id.rawValue)
          } else {
            report.without += 1
          }
        }
      }
    }
    return samples
  }

  /// The centroids of a grouping by embedding; else some of the samples' own vectors.
  private static func centroids(
    _ store: Store, _ space: EmbeddingSpace, _ samples: [UInt64], _ report: inout AtlasReport
  ) throws -> [[Float]] {
    let (name, centroids) = try store.read { transaction -> (String?, [[Float]]) in
      let grouping = try transaction.groupings().filter { $0.definition.isByEmbedding(in: space) }.max {
        ($0.rows, $1.id.rawValue) < ($1.rows, $0.id.rawValue)
      }
      guard let grouping else { return (nil, []) }
      let groups = try transaction.groups(of: grouping.id).filter { $0.isOpen && $0.size > 0 }
      return (
        grouping.name,
        groups.compactMap { if case .centroid(let values) = $0.geometry { values } else { nil } }
      )
    }
    guard centroids.isEmpty else {
      report.grouping = name
      return centroids
    }
    let count = samples.count < 4096 ? min(samples.count, 1) : Int(Double(samples.count).squareRoot())
    let features = StoreFeatures(store: store, space: space)
    return try (0..<count).compactMap { try features.vector(of: samples[$0 * samples.count / count]) }
  }

  private static func describe(
    _ id: SampleID, _ groupings: [GroupingRecord], _ line: inout ExportedLine, _ transaction: borrowing ReadTransaction
  ) throws {
    line.add("id", number: id.rawValue)
    let texts = try transaction.withLiveSample(id) { sample in
      (try EmbeddedText.prompt.read(from: sample), try EmbeddedText.response.read(from: sample))
    }
    line.add("text", text: cut(texts?.0 ?? ""))
    line.add("response", text: cut(texts?.1 ?? ""))
    line.add("task", text: try transaction.task(TaskID(try transaction.uint32(Column.task, id)))?.name ?? "")
    line.add("source", text: try transaction.source(SourceID(try transaction.uint32(Column.source, id)))?.name ?? "")
    line.add("response_length", number: try transaction.uint32(Column.responseLength, id))
    for grouping in groupings {
      let group = GroupID(try transaction.uint32(grouping.groupColumn, id))
      line.add("group_\(grouping.name)", json: Array((group == .unassigned ? "null" : "\(group)").utf8))
    }
  }

  /// The beginning of a text.
  private static func cut(_ text: String) -> String {
    let start = text.prefix(textCharacters)
    return start.endIndex == text.endIndex ? text : start + "…"
  }

  private static func neighbours(_ rows: [NearRow]) -> [UInt8] {
    let ids = rows.map { String($0.id) }.joined(separator: ",")
    let distances = rows.map { String($0.distance) }.joined(separator: ",")
    return Array(#"{"ids":[\#(ids)],"distances":[\#(distances)]}"#.utf8)
  }
}
