internal import CohortCore

/// Texts that lie where data should be.
enum ForeignText {
  /// What to say of a text that is no data, by its first bytes; nil for all others.
  static func error(_ head: UnsafeBufferPointer<UInt8>, path: String) -> CohortError? {
    guard let first = head.firstIndex(where: { !TextSniffing.isSpace($0) }) else { return nil }
    let start = head[first...].prefix(1024)
    if isPointer(start) {
      return CohortError(
        .ingestionGitLFSPointer, "the file is a Git LFS pointer, not the data it stands for", place: path,
        hint: "Fetch the data in the repository: git lfs pull")
    }
    if isPage(start) {
      return CohortError(
        .ingestionHTMLPage, "the file is a web page (HTML or XML), not data", place: path,
        hint: "Often a server's answer in place of the file: look into it, and download the data again")
    }
    return nil
  }

  static func isPointer(_ start: some Collection<UInt8>) -> Bool {
    start.starts(with: Array("version https://git-lfs.github.com/spec/".utf8))
  }

  static func isPage(_ start: some Collection<UInt8>) -> Bool {
    guard start.first == UInt8(ascii: "<") else { return false }
    let lower = start.prefix(1024).map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
    return ["<!doctype html", "<html", "<head", "<body", "<?xml", "<error>"].contains {
      lower.starts(with: Array($0.utf8))
    }
  }
}
