import CohortCore
import CohortSystem

/// What the process of a store tells the one that watches it, over a pipe.
///
/// A word is four bytes with the length of the rest, little-endian, one byte with its tag, and for `failed` the parts
/// of an error. `damaged` is written by a signal handler (`DamageSignals`): its tag 4 is followed by the number of the
/// signal, one
/// byte, and that of the page, eight.
enum ChildWord: Hashable, Sendable {
  /// The store is open and owned: work can begin.
  case opened
  /// Work has begun.
  case ready
  /// The process ends, because of this.
  case failed(CohortError)
  /// The process ends, because a page of the store would have ended it.
  /// - Parameter page: nil when it is not known.
  case damaged(signal: Int32, page: UInt64?)

  /// No word is longer: what a pipe takes at once does not mix with others. Longer texts are cut.
  static let limit = 4096 - 4

  var bytes: [UInt8] {
    var body = ByteWriter()
    switch self {
    case .opened: body.raw([1])
    case .ready: body.raw([2])
    case .failed(let error):
      body.raw([3])
      for part in [error.code.module.rawValue, error.code.reason, error.category.rawValue, error.message] {
        body.string(Self.cut(part))
      }
      for part in [error.place, error.cause, error.hint] { body.optional(part.map(Self.cut)) }
    case .damaged(let signal, let page):
      body.raw([4, UInt8(truncatingIfNeeded: signal)])
      body.fixed(page ?? .max)
    }
    var word = ByteWriter()
    word.fixed(UInt32(body.bytes.count))
    word.raw(body.bytes)
    return word.bytes
  }

  /// Seven parts of this length fit into what a pipe takes at once.
  private static func cut(_ text: String) -> String {
    text.utf8.count <= 560 ? text : String(decoding: text.utf8.prefix(560), as: UTF8.self)
  }

  /// Takes the first whole word out of what was read.
  /// - Returns: nil while there is none.
  /// - Throws: `core.invalid` for bytes that are no word.
  static func take(from bytes: inout [UInt8]) throws -> ChildWord? {
    guard bytes.count >= 4 else { return nil }
    let length = (0..<4).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
    guard (1...limit).contains(length) else { throw CohortError.invalid("The length of a word") }
    guard bytes.count >= 4 + length else { return nil }
    let body = Array(bytes[4..<4 + length])
    bytes.removeFirst(4 + length)
    return try ByteReader.decode(body) { reader in
      switch try reader.fixed(UInt8.self) {
      case 1: .opened
      case 2: .ready
      case 3:
        .failed(try error(from: &reader))
      case 4: try damaged(from: &reader)
      default: throw CohortError.invalid("A word")
      }
    }
  }

  private static func damaged(from reader: inout ByteReader) throws -> ChildWord {
    let (signal, page) = (try reader.fixed(UInt8.self), try reader.fixed(UInt64.self))
    return .damaged(signal: Int32(signal), page: page == .max ? nil : page)
  }

  private static func error(from reader: inout ByteReader) throws -> CohortError {
    let (module, reason, category) = (try reader.string(), try reader.string(), try reader.string())
    guard let module = ErrorCode.Module(rawValue: module), let category = ErrorCategory(rawValue: category) else {
      throw CohortError.invalid("The code of an error")
    }
    let message = try reader.string()
    return CohortError(
      ErrorCode(module, reason, category), category: category, message, place: try reader.optionalString(),
      cause: try reader.optionalString(), hint: try reader.optionalString())
  }
}
