internal import CohortEmbedding
internal import CohortCore
internal import CohortSystem

/// The key of a server. It shows itself nowhere: descriptions, dumps and mirrors say only that there is one.
public struct APIKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// For the request's header only.
  let secret: String

  public var description: String { "(key)" }
  public var debugDescription: String { "(key)" }
  /// No children: `dump` shows nothing of the key.
  public var customMirror: Mirror { Mirror(self, children: []) }

  /// Reads the key from where `source` says.
  /// - Parameter environment: gives the value of an environment variable; nil asks the process's own.
  /// - Returns: nil when the server needs none.
  /// - Throws: `embedding.no-key`, or `embedding.exposed-key` for a file that others may read.
  public static func read(
    _ source: KeySource, environment: ((String) -> String?)? = nil
  ) throws -> APIKey? {
    switch source {
    case .none: return nil
    case .environment(let name):
      guard let text = environment.map({ $0(name) }) ?? getenv(name).map({ String(cString: $0) }), !text.isEmpty else {
        throw missing("The environment variable with the key is not set", name)
      }
      return try APIKey(text, place: "environment variable \(name)")
    case .file(let path): return try APIKey(contents(of: path), place: path)
    }
  }

  private init(_ text: String, place: String) throws {
    let bytes = text.utf8.drop { $0 <= 0x20 }.reversed().drop { $0 <= 0x20 }.reversed()
    guard !bytes.isEmpty, bytes.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw CohortError(
        .embeddingNoKey, "The key is empty, or has characters that no key has", place: place,
        hint: "A key is one line of printable ASCII")
    }
    secret = String(decoding: Array(bytes), as: UTF8.self)
  }

  private static func contents(of path: String) throws -> String {
    func asking<R>(_ calls: () throws(Errno) -> R) throws(CohortError) -> R {
      try CohortError.describing({ missing("The file with the key cannot be read", path, $0) }, calls)
    }
    let file = try asking { () throws(Errno) in try SystemCall.open(path, O_RDONLY | O_NONBLOCK) }
    defer { SystemCall.close(file) }
    let status = try asking { () throws(Errno) in try SystemCall.status(of: file) }
    guard status.kind == .regular else { throw missing("The key is not in a regular file", path) }
    guard status.mode & 0o077 == 0, status.owner == geteuid() || status.owner == 0 else {
      throw CohortError(
        .embeddingExposedKey, "Others may read or change the file with the key", place: path,
        hint: "chmod 600 it, and own it")
    }
    guard let bytes = try asking({ () throws(Errno) in try SystemCall.contents(of: file, limit: 4095) }) else {
      throw missing("The file is too long to be a key", path)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func missing(_ message: String, _ place: String, _ reason: Errno? = nil) -> CohortError {
    CohortError(
      .embeddingNoKey, category: reason?.number == ENOENT ? .notFound : .usage, message, place: place,
      cause: reason?.text)
  }
}
