/// Text of a server, made fit to be shown in an error or to be kept as a reason.
enum SafeText {
  /// One line of at most 300 characters without control characters.
  /// - Parameter key: is taken out: some servers repeat the key that they refuse.
  static func excerpt(_ text: some StringProtocol, without key: APIKey? = nil) -> String {
    var text = String(text)
    if let key { text = text.split(separator: key.secret, omittingEmptySubsequences: false).joined(separator: "(key)") }
    let scalars = text.unicodeScalars.map { scalar -> Unicode.Scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator: " "
      default: scalar
      }
    }
    let words = String(String.UnicodeScalarView(scalars)).split(separator: " ")
    let line = words.joined(separator: " ")
    return line.count <= 300 ? line : line.prefix(299) + "…"
  }
}
