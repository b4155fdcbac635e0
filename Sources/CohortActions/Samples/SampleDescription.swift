internal import CohortCore
public import CohortStore

/// A sample with the names of its source and task.
public struct SampleDescription: Sendable {
  private let sample: StoredSample
  private let source: String
  private let task: String?
  private let lengths: SampleLengths
  /// By each further measure; nil while it has not measured the sample.
  private let measured: [(name: String, lengths: SampleLengths?)]

  /// Looks up what the sample only numbers: names, and its lengths by every measure.
  public init(_ sample: StoredSample, in transaction: borrowing ReadTransaction) throws {
    self.sample = sample
    source = try transaction.source(sample.source)?.name ?? ""
    task = try transaction.task(sample.task)?.name
    lengths = try transaction.lengths(sample.id)
    measured = try transaction.measures().map { (name: $0.name, lengths: try transaction.lengths(sample.id, by: $0)) }
  }

  /// The keys of `record`.
  public static let columns: [ReportColumn] = [
    "id", "source", "task", "line", "prompt_length", "response_length", "total_length", "messages", "tools",
    "attributes", "lengths",
  ]

  /// The beginning of the prompt and of the response, on one line.
  static func excerpt(_ sample: StoredSample) -> String {
    let parts = sample.messages.suffix(2).map { message in
      let text = message.text.prefix(120).split(whereSeparator: \.isWhitespace).joined(separator: " ")
      return message.text.count > 120 ? text + "…" : text
    }
    return parts.joined(separator: " → ")
  }

  /// The whole sample, for programs.
  public var record: ReportRecord {
    [
      "id": .id(sample.id), "source": .text(source), "task": .optional(task), "line": .count(sample.line),
      "prompt_length": .count(lengths.prompt), "response_length": .count(lengths.response),
      "total_length": .count(lengths.total),
      "messages": .list(
        sample.messages.map { message in
          var record: ReportRecord = ["role": .text(message.role.name), "content": .text(message.text)]
          if !message.extra.isEmpty { record.append("extra", .json(message.extra)) }
          return .record(record)
        }),
      "tools": .json(sample.tools), "attributes": .json(sample.attributes),
      "lengths": .record(
        ReportRecord(
          [(name: SampleLengths.ownMeasure, value: Self.record(lengths))]
            + measured.map { (name: $0.name, value: $0.lengths.map(Self.record) ?? .null) })),
    ]
  }

  private static func record(_ lengths: SampleLengths) -> ReportValue {
    .record([
      "prompt": .count(lengths.prompt), "response": .count(lengths.response), "total": .count(lengths.total),
    ])
  }

  /// For people: a heading, then each message under its role.
  public var text: String { text(places: "") }

  /// The same, with lines of where else the sample is.
  func text(places: String) -> String {
    var text = "sample \(sample.id)  \(source):\(sample.line)  task \(task ?? "-")"
    text += "  lengths \(lengths.prompt) + \(lengths.response)"
    for (name, lengths) in measured {
      text += "  \(name) \(lengths.map { "\($0.prompt) + \($0.response)" } ?? "-")"
    }
    text += "\n" + places
    if !sample.attributes.isEmpty { text += "attributes \(String(decoding: sample.attributes, as: UTF8.self))\n" }
    if !sample.tools.isEmpty { text += "tools \(String(decoding: sample.tools, as: UTF8.self))\n" }
    for message in sample.messages {
      text += "\n[\(message.role.name)]\n\(message.text)\n"
      if !message.extra.isEmpty { text += String(decoding: message.extra, as: UTF8.self) + "\n" }
    }
    return text + "\n"
  }
}
