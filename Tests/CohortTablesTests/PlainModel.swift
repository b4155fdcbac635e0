import CohortCatalog
import CohortCore
import CohortPlanning
import CohortReading
import CohortStore
import CohortTesting
import Foundation
import GRDB

/// The content of a store in ordinary tables of SQLite, read by the store's plain functions: what the virtual tables must say.
struct PlainModel {
  let queue: DatabaseQueue

  init(_ store: Store) throws {
    queue = try DatabaseQueue()
    try queue.write { database in
      try database.execute(
        sql: """
          CREATE TABLE samples(id INTEGER, source TEXT, task TEXT, line INTEGER, prompt TEXT, response TEXT, system TEXT,
            messages TEXT, tools TEXT, attributes TEXT, prompt_length INTEGER, response_length INTEGER,
            total_length INTEGER, deleted INTEGER);
          CREATE TABLE lengths(measure TEXT, id INTEGER, prompt INTEGER, response INTEGER, total INTEGER);
          CREATE TABLE assignments(grouping TEXT, id INTEGER, group_id INTEGER, distance REAL, provisional INTEGER);
          CREATE TABLE groups(grouping TEXT, group_id INTEGER, label TEXT, size INTEGER, radius REAL, mean_length REAL,
            longest INTEGER, parent INTEGER, heir INTEGER, born INTEGER, state TEXT);
          CREATE TABLE members(snapshot TEXT, grouping TEXT, group_id INTEGER, id INTEGER);
          CREATE TABLE embeddings(space TEXT, id INTEGER, vector BLOB);
          CREATE TABLE places(map TEXT, id INTEGER, x REAL, y REAL);
          CREATE TABLE group_lengths(grouping TEXT, group_id INTEGER, measure TEXT, part TEXT, low INTEGER, high INTEGER,
            size INTEGER);
          CREATE TABLE steps(plan TEXT, epoch INTEGER, step INTEGER, position INTEGER, id INTEGER, group_id INTEGER,
            rank INTEGER, micro INTEGER, world INTEGER, accumulation INTEGER);
          CREATE INDEX a ON samples(id); CREATE INDEX b ON assignments(grouping, id); CREATE INDEX c ON lengths(id);
          CREATE INDEX d ON members(id); CREATE INDEX e ON embeddings(space, id);
          CREATE INDEX f ON places(id);
          """)
      try store.read { try Self.fill(database, store, $0) }
    }
  }

  func query(_ sql: String) throws -> [[DatabaseValue]] {
    try queue.read { try Row.fetchAll($0, sql: sql).map { Array($0.databaseValues) } }
  }

  private static func fill(
    _ database: Database, _ store: Store, _ transaction: borrowing ReadTransaction
  ) throws {
    func add(_ table: String, _ values: (any DatabaseValueConvertible)?...) throws {
      let places = values.map { _ in "?" }.joined(separator: ",")
      let statement = try database.cachedStatement(sql: "INSERT INTO \(table) VALUES (\(places))")
      try statement.execute(arguments: StatementArguments(values.map { $0?.databaseValue ?? .null }))
    }
    let count = try transaction.counters.nextSample
    for number in 0..<count {
      let id = SampleID(number)
      let (sample, lengths) = (try transaction.sample(id), try transaction.lengths(id))
      let task = try transaction.task(TaskID(try transaction.uint32(.task, id)))?.name
      let source = try transaction.source(SourceID(try transaction.uint32(.source, id)))?.name
      let texts = sample.map(Texts.init)
      try add(
        "samples", number, source, task, sample.map { $0.line } ?? (try transaction.line(of: id)), texts?.prompt,
        texts?.response, texts?.system, texts?.messages, nil, texts?.attributes, lengths.prompt, lengths.response,
        lengths.total, sample == nil ? 1 : 0)
      guard sample != nil else { continue }
      try add("lengths", "default", number, lengths.prompt, lengths.response, lengths.total)
      for measure in try transaction.measures() {
        guard let lengths = try transaction.lengths(id, by: measure) else { continue }
        try add("lengths", measure.name, number, lengths.prompt, lengths.response, lengths.total)
      }
      for grouping in try transaction.groupings() {
        let group = try transaction.uint32(grouping.groupColumn, id)
        guard group != .max else { continue }
        let distance = Float(bitPattern: try transaction.uint32(grouping.distanceColumn, id))
        try add(
          "assignments", grouping.name, number, group,
          grouping.definition.space == nil ? nil : Double(distance.magnitude), distance.sign == .minus ? 1 : 0)
      }
      for space in try transaction.spaces() where try transaction.vectorState(id, in: space) == .present {
        try add("embeddings", space.name, number, try vector(id, space, transaction))
      }
    }
    for map in try transaction.maps() {
      for place in try transaction.places(of: map) where try !transaction.isDeleted(SampleID(place.id)) {
        try add("places", map.name, place.id, Double(place.x), Double(place.y))
      }
    }
    try fillGroups(transaction, add)
    for part in ["prompt", "response", "total"] { try fillLengths(database, part) }
    try fillPlans(store, transaction, add)
  }

  /// Lengths of groups from what is in the plain tables already.
  private static func fillLengths(_ database: Database, _ part: String) throws {
    let edges = (0..<20).map { "(\($0 == 0 ? 0 : 1 << ($0 - 1)), \(1 << $0))" }.joined(separator: ", ")
    try database.execute(
      sql: """
        WITH edges(low, high) AS (VALUES \(edges))
        INSERT INTO group_lengths SELECT a.grouping, a.group_id, l.measure, '\(part)', e.low, e.high, count(*)
        FROM assignments a JOIN lengths l ON l.id = a.id JOIN edges e ON l.\(part) >= e.low AND l.\(part) < e.high
        GROUP BY 1, 2, 3, 4, 5, 6
        """)
  }

  private typealias Add = (String, (any DatabaseValueConvertible)?...) throws -> Void

  private static func vector(
    _ id: SampleID, _ space: EmbeddingSpace, _ transaction: borrowing ReadTransaction
  ) throws -> Data {
    try withUnsafePointer(to: id.rawValue) { pointer in
      var data = Data()
      try transaction.forEachVector(of: UnsafeBufferPointer(start: pointer, count: 1), in: space) { _, bytes in
        guard let bytes else { return }
        for index in 0..<space.dimension {
          let value =
            space.element == .float32
            ? Float(bitPattern: bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
            : Float(Float16(bitPattern: bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self)))
          withUnsafeBytes(of: value.bitPattern.littleEndian) { data.append(contentsOf: $0) }
        }
      }
      return data
    }
  }

  private static func fillGroups(_ transaction: borrowing ReadTransaction, _ add: Add) throws {
    for grouping in try transaction.groupings() {
      for group in try transaction.groups(of: grouping.id) {
        var (lengths, distances): ([UInt32], [Double]) = ([], [])
        try transaction.forEachMember(of: group.id, in: grouping) { ids in
          for id in ids {
            lengths.append(try transaction.lengths(id).response)
            distances.append(
              Double(Float(bitPattern: try transaction.uint32(grouping.distanceColumn, id)).magnitude))
          }
          return true
        }
        let size = Double(lengths.count)
        let hasRadius = grouping.definition.space != nil && !lengths.isEmpty
        try add(
          "groups", grouping.name, group.id.rawValue, group.geometry.text, group.size,
          hasRadius ? (distances.reduce(0, +) / size).squareRoot() : nil,
          lengths.isEmpty ? nil : lengths.reduce(0.0) { $0 + Double($1) } / size, lengths.max(),
          group.parent?.rawValue, group.heir?.rawValue, group.born, group.isOpen ? "open" : "closed")
      }
    }
    for snapshot in try transaction.snapshots() {
      for grouping in snapshot.groupings {
        for group in try transaction.groups(of: grouping.id, in: snapshot.id) {
          let ids = try transaction.ids(
            at: group.offset..<(group.offset + group.size), of: grouping.id, in: snapshot)
          for id in ids {
            try add(
              "members", snapshot.name, grouping.name, group.id == .unassigned ? nil : group.id.rawValue, id.rawValue)
          }
        }
      }
    }
  }

  private static func fillPlans(_ store: Store, _ transaction: borrowing ReadTransaction, _ add: Add) throws {
    for record in try transaction.plans() {
      let plan = try PinnedPlan(store, record, transaction)
      for epoch in 0..<2 as Range<UInt64> {
        for number in 0..<plan.plan.stepsPerEpoch {
          let step = try plan.plan.step(epoch: epoch, step: number)
          for (position, id) in try plan.ids(at: step.positions, transaction).enumerated() {
            try add(
              "steps", record.name, epoch, number, position, id.rawValue,
              step.isMixed || step.group == .unassigned ? nil : step.group.rawValue, 0, 0, 1, 1)
          }
        }
      }
    }
  }

  private struct Texts {
    var prompt: String
    var response: String?
    var system: String?
    var messages: String
    var attributes: String?

    init(_ sample: StoredSample) {
      let texts = sample.messages.map(\.text)
      prompt = texts[sample.parts.prompt].joined(separator: "\n")
      response = sample.parts.response.map { texts[$0] }
      let instructions = sample.messages.filter { $0.role == .system }.map(\.text)
      system = instructions.isEmpty ? nil : instructions.joined(separator: "\n")
      let objects = sample.messages.map { message in
        let extra = message.extra.isEmpty ? "" : #","extra":\#(String(decoding: message.extra, as: UTF8.self))"#
        return #"{"role":"\#(message.role.name)","content":\#(JSONString.quoted(message.text))\#(extra)}"#
      }
      messages = "[\(objects.joined(separator: ","))]"
      attributes = sample.attributes.isEmpty ? nil : String(decoding: sample.attributes, as: UTF8.self)
    }
  }
}
