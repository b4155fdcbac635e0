internal import CohortCore
internal import CohortReading
public import CohortStore

/// What is known of the samples of a map beside their places: what they can be coloured by. All of it in one state of the
/// store, in the order of the map's points.
public struct MapTraits: Sendable {
  /// A name for each sample.
  public struct Names: Sendable {
    /// For each sample the place of its name in `names`.
    public let of: [Int32]
    /// Each name that some sample has, in the order of its number in the store.
    public let names: [String]
  }

  public let points: MapPoints
  /// The groups, each by its number and the label that `group list` shows: `17 fractions, halves`. `(no group)` for samples
  /// that have none.
  public let groups: Names
  /// For each name of `groups`: the words that set the group apart, best first.
  public let words: [[String]]
  /// `(no task)` for samples without a label.
  public let tasks: Names
  public let sources: Names
  /// Of all messages of each sample: in tokens where something counts those, else as the store counts.
  public let lengths: [Float]
  public let lengthUnit: String
  /// How many samples came into the store after each one.
  public let ages: [Float]
  /// Samples of the store that have no place in the map: without a vector, or not placed yet.
  public let unplaced: UInt64

  /// - Throws: as `MapPoints`; `reading.unreadable-sample` for a damaged sample of those whose words are looked at.
  /// - Complexity: O(samples of the store), and some 48 samples a group are read for its words; one read transaction.
  public init(_ store: Store, map name: String) throws {
    let configuration = store.configuration
    self = try store.read { try MapTraits(name, configuration, $0) }
  }

  private init(_ name: String, _ configuration: StoreConfiguration, _ transaction: borrowing ReadTransaction) throws {
    let points = try MapPoints(name, transaction)
    let next = try transaction.counters.nextSample
    let length = try Self.length(of: points, configuration, transaction)
    var (tasks, sources, groups) = (Numbers(), Numbers(), Numbers())
    var lengths: [Float] = []
    var done = 0
    try transaction.forEachBlock(of: [Column.task, Column.source, length.column], areDeletedMarked: false) { block in
      let end = block.first + UInt64(block.count)
      while done < points.ids.count, points.ids[done] < end {
        let row = Int(points.ids[done] - block.first)
        tasks.add(block.uint32(0, row))
        sources.add(block.uint32(1, row))
        lengths.append(Float(block.uint32(2, row)))
        done += 1
      }
      return done < points.ids.count
    }
    for group in points.groups { groups.add(group) }
    var summaries: [UInt32: GroupSummary] = [:]
    for summary in try GroupListing.list(grouping: points.grouping, transaction) {
      summaries[summary.group.rawValue] = summary
    }
    self.points = points
    (self.lengths, lengthUnit) = (lengths, length.unit)
    ages = points.ids.map { $0 < next ? Float(next - 1 - $0) : 0 }
    let live = try transaction.counters.live
    unplaced = live - min(live, UInt64(points.ids.count))
    self.tasks = try tasks.named { try transaction.task(TaskID($0))?.name ?? "(no task)" }
    self.sources = try sources.named { try transaction.source(SourceID($0))?.name ?? "" }
    self.groups = groups.named { number in
      guard number != GroupID.unassigned.rawValue else { return "(no group)" }
      let label = summaries[number]?.label ?? ""
      return label.isEmpty ? "\(number)" : "\(number) \(label)"
    }
    words = groups.sorted.map { $0 == GroupID.unassigned.rawValue ? [] : summaries[$0]?.terms ?? [] }
  }

  /// The column of lengths that says most to whoever trains: tokens, where all samples of the map have been counted.
  private static func length(
    of points: MapPoints, _ configuration: StoreConfiguration, _ transaction: borrowing ReadTransaction
  ) throws -> (column: Column, unit: String) {
    let unit = configuration.lengthUnit
    let last = points.ids.last ?? 0
    let tokens = try transaction.measures().first { $0.unit == .tokens && $0.part == .everything && $0.rows > last }
    guard unit != .tokens, let tokens else { return (Column.totalLength, unit == .field ? "" : unit.name) }
    return (tokens.column(.total), LengthUnit.tokens.name)
  }

  /// Numbers of samples, one after the other.
  private struct Numbers {
    private var numbers: [UInt32] = []

    mutating func add(_ number: UInt32) { numbers.append(number) }

    /// Those that come, ascending.
    var sorted: [UInt32] { Set(numbers).sorted() }

    func named(_ name: (UInt32) throws -> String) rethrows -> Names {
      let sorted = sorted
      let places = Dictionary(uniqueKeysWithValues: sorted.indices.map { (sorted[$0], Int32($0)) })
      return Names(of: numbers.map { places[$0] ?? 0 }, names: try sorted.map(name))
    }
  }
}

/// The beginnings of samples, for whoever looks at points and wants to know what they are.
public enum MapTexts {
  /// More than is ever shown of one sample, in bytes.
  private static let most = 1_024

  /// The beginning of each sample's prompt: of what is said there, not of a system message, which many samples share.
  /// Where there is none, of all messages. Empty for samples that were deleted meanwhile.
  /// - Throws: `pipeline.content` for a damaged sample.
  /// - Complexity: O(samples), a read transaction for each 1,024 of them.
  public static func beginnings(of ids: [UInt64], in store: Store, _ control: JobControl) throws -> [String] {
    var texts: [String] = []
    texts.reserveCapacity(ids.count)
    while texts.count < ids.count {
      try store.read { transaction in
        for id in ids[texts.count..<min(texts.count + 1_024, ids.count)] {
          texts.append(try transaction.withLiveSample(SampleID(id)) { try $0.withParts(beginning) } ?? "")
        }
      }
      control.report(
        JobProgress(stage: "texts", done: UInt64(texts.count), total: UInt64(ids.count), unit: "samples"))
      try control.checkpoint()
    }
    return texts
  }

  private static func beginning(of view: SampleContent.PartsView) -> String {
    let prompt = view.prompt.isEmpty ? view.messages[...] : view.prompt
    let spoken = prompt.filter { $0.role != .system && !$0.text.isEmpty }
    var bytes: [UInt8] = []
    for message in spoken.isEmpty ? Array(prompt) : spoken where bytes.count < most {
      if !bytes.isEmpty { bytes.append(UInt8(ascii: "\n")) }
      bytes.append(contentsOf: message.text.prefix(most))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
