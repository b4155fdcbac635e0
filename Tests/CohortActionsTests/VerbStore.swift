import CohortCore
import CohortPipeline
import CohortStore
import CohortTesting
import Foundation

@testable import CohortActions

/// A store of its own that is asked by verbs, as a server does it. Every answer is held against what the verb declares.
final class VerbStore {
  let store: Store
  private let folder: TemporaryFolder
  /// The verbs that answered, and the members of their answers that are not always there.
  private(set) var asked: Set<String> = []
  private(set) var seen: Set<String> = []

  /// - Parameter count: samples of three tasks, with responses of different lengths and a language each.
  init(samples count: Int = 90) throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("store"))
    var builder = SampleBatchBuilder()
    for i in 0..<count {
      let task = ["sum", "poem", "code"][i % 3]
      let words = ["adding numbers", "rivers and stars", "loops in Swift"][i % 3]
      builder.add(
        prompt: "question \(i) about \(words)", response: String(repeating: "word \(i) ", count: i % 17 + 1),
        task: task,
        attributes: #"{"lang":"\#(i % 2 == 0 ? "en" : "de")"}"#)
    }
    let batch = builder.prepared
    try store.write { transaction in
      _ = try transaction.ingest(
        batch, source: "lines", origin: "memory", terms: SourceTerms(licence: "MIT", owner: "us"))
    }
  }

  /// What a request gets.
  struct Answer {
    var record = ReportRecord()
    var rows: [ReportRecord] = []
    var end = VerbEnd()
  }

  /// Asks a verb by its name.
  @discardableResult
  func ask(
    _ name: String, path: [String: String] = [:], query: [(name: String, value: String)] = [], _ body: String = ""
  ) throws -> Answer {
    guard let verb = VerbRegistry.verb(named: name) else { throw Unexpected("no verb '\(name)'") }
    let arguments = try verb.arguments(path: path, query: query, body: Array(body.utf8))
    var answer = Answer()
    answer.end = try verb.run(arguments, on: store, JobControl(workers: 2)) { answer.rows.append($0) }
    answer.record = answer.end.record ?? ReportRecord()
    try check(answer, of: verb)
    return answer
  }

  private func check(_ answer: Answer, of verb: Verb) throws {
    let records: [ReportRecord]
    let fields: [VerbField]
    switch verb.answer {
    case .record(let declared):
      guard answer.rows.isEmpty, let record = answer.end.record else { throw Unexpected("\(verb.name): no record") }
      (records, fields) = ([record], declared)
    case .rows(let declared, _):
      guard answer.end.record == nil else { throw Unexpected("\(verb.name): a record beside rows") }
      (records, fields) = (answer.rows, declared)
    case .table:
      (records, fields) = ([], [])
      asked.insert(verb.name)
    case .file(let types):
      guard let file = answer.end.file, types.contains(file.mediaType), answer.end.record == nil else {
        throw Unexpected("\(verb.name): no file of a type that it declares")
      }
      (records, fields) = ([], [])
      asked.insert(verb.name)
    }
    for record in records {
      let parsed = try Conformance.parsed(record)
      if let fault = Conformance.fault(parsed, fields, at: verb.name) { throw Unexpected(fault) }
      asked.insert(verb.name)
      for field in fields where !field.isRequired && record[field.name] != nil {
        seen.insert("\(verb.name).\(field.name)")
      }
    }
  }
}

extension ReportRecord {
  func text(_ name: String) -> String? {
    guard case .text(let text) = self[name] else { return nil }
    return text
  }

  func number(_ name: String) -> UInt64? {
    switch self[name] {
    case .integer(let number): UInt64(exactly: number)
    case .unsigned(let number): number
    default: nil
    }
  }

  func list(_ name: String) -> [ReportValue] {
    guard case .list(let values) = self[name] else { return [] }
    return values
  }
}
