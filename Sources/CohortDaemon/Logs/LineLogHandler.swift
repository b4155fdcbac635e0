import CohortCore
import CohortSystem
import Logging
import Synchronization

/// How the lines of the log look.
package enum LogFormat: String, CaseIterable, Sendable {
  /// `time=… level=info event=ready store=…`
  case logfmt
  /// `{"time":"…","level":"info","event":"ready","store":"…"}`
  case json
}

/// Writes each message as one line with one `write`. The message is the event's name, the metadata are its fields, in
/// the order of their names.
struct LineLogHandler: LogHandler {
  let format: LogFormat
  let descriptor: Int32
  private let threshold: LogThreshold
  /// What one logger was given for itself.
  private var ownLevel: Logger.Level?
  var metadata: Logger.Metadata = [:]

  init(format: LogFormat, threshold: LogThreshold, descriptor: Int32 = STDERR_FILENO) {
    self.format = format
    self.descriptor = descriptor
    self.threshold = threshold
  }

  var logLevel: Logger.Level {
    get { ownLevel ?? threshold.level }
    set { ownLevel = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
    let first: [(String, LogValue)] = [
      ("time", .text(Timestamp.now)), ("level", .text(event.level.rawValue)), ("event", .text("\(event.message)")),
    ]
    let line = (first + fields.map { ($0.key, LogValue($0.value)) }).map { name, value in
      format == .json ? "\(JSONString.quoted(name, .terminal)):\(value.json)" : "\(name)=\(value.logfmt)"
    }
    let text = format == .json ? "{" + line.joined(separator: ",") + "}\n" : line.joined(separator: " ") + "\n"
    // A log that nobody can take is no reason to stop.
    SystemCall.put(text, on: descriptor)
  }
}

/// The least severe level that all loggers of the daemon write. A reload changes it for those that are in use.
final class LogThreshold: Sendable {
  private let number: Atomic<Int>

  init(_ level: Logger.Level) { number = Atomic(Self.number(of: level)) }

  var level: Logger.Level {
    get { Logger.Level.allCases[number.load(ordering: .relaxed)] }
    set { number.store(Self.number(of: newValue), ordering: .relaxed) }
  }

  private static func number(of level: Logger.Level) -> Int { Logger.Level.allCases.firstIndex(of: level) ?? 0 }
}

/// A field's value: numbers and truth values stay what they are in JSON.
enum LogValue {
  case text(String)
  case bare(String)

  init(_ value: Logger.MetadataValue) {
    switch value {
    case .string(let text): self = .text(text)
    case .stringConvertible(let value as Bool): self = .bare(value ? "true" : "false")
    case .stringConvertible(let value as any BinaryInteger): self = .bare("\(value)")
    case .stringConvertible(let value as Double) where value.isFinite: self = .bare("\(value)")
    case .stringConvertible(let value): self = .text(value.description)
    case .array, .dictionary: self = .text("\(value)")
    }
  }

  var json: String {
    switch self {
    case .text(let text): JSONString.quoted(text, .terminal)
    case .bare(let text): text
    }
  }

  /// Quoted when it holds anything but visible ASCII characters without a meaning of their own.
  var logfmt: String {
    switch self {
    case .bare(let text): return text
    case .text(let text):
      let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x3d && $0 != 0x5c }
      return isPlain && !text.isEmpty ? text : JSONString.quoted(text, .terminal)
    }
  }
}
