internal import CohortCore
internal import CohortSystem

/// The secrets that clients show, and what each allows.
///
/// A file with a token a line: `write TOKEN`, `read TOKEN`, or `TOKEN`, which may write; `#` begins a comment. The file
/// must belong to the daemon's user and be closed to all others.
struct Tokens: Sendable {
  private let entries: [(secret: [UInt8], rights: Principal.Rights)]

  init(_ entries: [(secret: String, rights: Principal.Rights)] = []) {
    self.entries = entries.map { (secret: Array($0.secret.utf8), rights: $0.rights) }
  }

  /// How many may write, and how many may read only.
  var counts: (writing: Int, reading: Int) {
    let writing = entries.count { $0.rights == .write }
    return (writing, entries.count - writing)
  }

  /// The longest file that is read.
  private static let fileLimit = 1 << 20
  /// Fewer characters are guessed too easily.
  private static let shortest = 16
  /// What RFC 6750 allows in a bearer token.
  private static let marks = Set("-._~+/=".utf8)

  /// Reads a file of tokens.
  /// - Throws: `server.token-file`, which never shows what is in the file; not found where there is none.
  init(file path: String) throws(CohortError) {
    func refused(_ message: String, line: Int? = nil, hint: String? = nil) -> CohortError {
      CohortError(.serverTokenFile, message, place: line.map { "\(path), line \($0)" } ?? path, hint: hint)
    }
    let bytes: [UInt8]?
    do throws(Errno) {
      let descriptor = try SystemCall.open(path, O_RDONLY | O_NONBLOCK)
      defer { SystemCall.close(descriptor) }
      let status = try SystemCall.status(of: descriptor)
      guard status.kind == .regular else { throw Errno(EINVAL) }
      guard status.owner == geteuid() else {
        throw Errno(EPERM)
      }
      guard status.mode & 0o077 == 0 else { throw Errno(EACCES) }
      bytes = try SystemCall.contents(of: descriptor, limit: Self.fileLimit)
    } catch {
      switch error.number {
      case EINVAL: throw refused("The token file is no regular file")
      case EPERM: throw refused("The token file belongs to somebody else", hint: "It must belong to the daemon's user")
      case EACCES where (try? SystemCall.status(of: path)).map { $0.mode & 0o077 != 0 } ?? false:
        throw refused("The token file is open to others", hint: "chmod 600 \(path)")
      case ENOENT, ENOTDIR:
        throw CohortError(
          .serverTokenFile, category: .notFound, "There is no token file", place: path,
          hint: "openssl rand -hex 32 > FILE; chmod 600 FILE")
      default:
        throw CohortError(.serverTokenFile, "The token file cannot be read", place: path, cause: error.text)
      }
    }
    guard let bytes else { throw refused("The token file is too large") }
    var entries: [(secret: String, rights: Principal.Rights)] = []
    for (index, line) in bytes.split(separator: 0x0a, omittingEmptySubsequences: false).enumerated() {
      let text = String(decoding: line.prefix { $0 != 0x23 }, as: UTF8.self)
      let words = text.split { " \t\r".contains($0) }
      guard let last = words.last else { continue }
      let rights: Principal.Rights
      switch (words.count, words.first) {
      case (1, _): rights = .write
      case (2, "write"): rights = .write
      case (2, "read"): rights = .read
      default: throw refused("Not a token", line: index + 1, hint: "Write: write TOKEN, or: read TOKEN")
      }
      guard last.utf8.count >= Self.shortest else {
        throw refused(
          "The token has fewer than \(Self.shortest) characters", line: index + 1, hint: "openssl rand -hex 32")
      }
      guard last.utf8.allSatisfy(Self.isAllowed) else {
        throw refused("The token has other characters than A-Z a-z 0-9 - . _ ~ + / =", line: index + 1)
      }
      entries.append((secret: String(last), rights: rights))
    }
    guard !entries.isEmpty else {
      throw refused("The token file has no token", hint: "openssl rand -hex 32 > FILE; chmod 600 FILE")
    }
    self.init(entries)
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
      || marks.contains(byte)
  }

  /// What a token allows; nil for one that is unknown. Takes the same time whatever of it is right: every byte is compared
  /// with every token, in the given token's length.
  func rights(of given: some Collection<UInt8>) -> Principal.Rights? {
    let given = Array(given)
    var rights = 0
    for entry in entries {
      var difference = UInt(bitPattern: given.count ^ entry.secret.count)
      for index in given.indices {
        // Index of a byte that is there, whatever the lengths.
        difference |= UInt(given[index] ^ entry.secret[index % entry.secret.count])
      }
      // All bits set where nothing differs, without a branch.
      let isEqual = (difference | (0 &- difference)) >> (UInt.bitWidth - 1) ^ 1
      rights = max(rights, entry.rights.rawValue * Int(isEqual))
    }
    return rights == 0 ? nil : Principal.Rights(rawValue: rights)
  }

  /// The token of an `Authorization` header; nil when it is none.
  static func bearer(_ header: String) -> Substring? {
    let parts = header.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
    let token = parts[1].drop { $0 == " " }
    return token.isEmpty || token.utf8.count > 4096 ? nil : token
  }
}
