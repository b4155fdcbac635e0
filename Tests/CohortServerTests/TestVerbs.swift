import CohortActions
import CohortCore
import CohortPipeline
import CohortSystem

/// Verbs that do what a test needs.
enum TestVerbs {
  /// As many rows as are asked for.
  static let rows = Verb(
    "rows", "Count.", access: .reads, route: VerbRoute(.get, "/rows"),
    parameters: [
      VerbParameter("count", .query, .integer(0...1_000_000_000), isRequired: true, "How many."),
      VerbParameter("fail_at", .query, .integer(0...1_000_000_000), "Where to break off."),
    ],
    answer: .rows([VerbField("n", .integer(0...Int64.max)), VerbField("text", .text)], isStream: false)
  ) { arguments, _, control, row in
    let failure: UInt64? = try arguments.count(ifGiven: "fail_at")
    for number in 0..<(try arguments.count("count", as: UInt64.self)) {
      if number == failure { throw CohortError(ErrorCode(.store, "damaged-page", .corruption), "A page is damaged") }
      try row(["n": .unsigned(number), "text": "a \"text\", with\nlines"])
      rowsMade.withLock { $0 += 1 }
    }
    return VerbEnd()
  }

  static let rowsMade = Locked(0)

  /// Goes on until it shall stop, or for some milliseconds.
  static let work = Verb(
    "work", "Work.", access: .updates, isLong: true, route: VerbRoute(.post, "/work"),
    parameters: [
      VerbParameter("milliseconds", .body, .integer(0...1_000_000), isRequired: true, "How long."),
      VerbParameter("failing", .body, .boolean, "Whether it fails."),
    ], answer: .record([VerbField("steps", .integer(0...Int64.max))])
  ) { arguments, _, control, _ in
    let limit: UInt64 = try arguments.count("milliseconds")
    for step in 0..<limit {
      control.report(.init(stage: "work", done: step, total: limit, unit: "steps"))
      usleep(1000)
      if control.shouldStop() { throw CohortError(ErrorCode(.cli, "interrupted", .interrupted), "Interrupted") }
    }
    if arguments.flag("failing") {
      return VerbEnd(
        record: ["steps": .unsigned(limit)],
        failure: CohortError(ErrorCode(.embedding, "server-unreachable", .unreachable), "Nobody answers"))
    }
    return VerbEnd(record: ["steps": .unsigned(limit)], isPartial: true)
  }

  /// Writes for some milliseconds.
  static let write = Verb(
    "write", "Write.", access: .writes, route: VerbRoute(.post, "/write", status: 201),
    parameters: [
      VerbParameter("milliseconds", .body, .integer(0...1_000_000), isRequired: true, "How long."),
      VerbParameter("name", .body, .text, "What is made."),
    ], answer: .record([])
  ) { arguments, _, _, _ in
    usleep(UInt32(try arguments.count("milliseconds", as: UInt64.self)) * 1000)
    return VerbEnd(record: ["made": true])
  }

  /// Throws what nobody knows.
  static let odd = Verb(
    "odd", "Fail.", access: .reads, route: VerbRoute(.get, "/odd"), answer: .record([])
  ) { _, _, _, _ in
    struct Odd: Error {}
    throw Odd()
  }

  static let all = [rows, work, write, odd]
}
