public import CohortCore

/// A file of tokens, for whoever wants to know whether the server would take it.
public enum TokenFile {
  /// Reads a file as the server does, and keeps no token of it.
  /// - Returns: how many tokens may write, and how many may read only.
  /// - Throws: `server.token-file`, which never shows what is in the file.
  public static func count(at path: String) throws(CohortError) -> (writing: Int, reading: Int) {
    try Tokens(file: path).counts
  }
}
