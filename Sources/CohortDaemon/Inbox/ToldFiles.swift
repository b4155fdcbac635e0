/// What was told of files that stay in an inbox, so that it is told once. It knows only files that are there.
struct ToldFiles {
  /// The reason that was told, by the file.
  private var reasons: [String: String] = [:]
  /// Files that the look through the inbox under way has met.
  private var met: Set<String> = []

  /// - Returns: whether the reason is news for the file.
  mutating func isNews(_ file: String, _ reason: String) -> Bool {
    met.insert(file)
    return reasons.updateValue(reason, forKey: file) != reason
  }

  /// A look through the whole inbox begins.
  mutating func beginLook() { met.removeAll(keepingCapacity: true) }

  /// It has met all that is there: what was told of others is forgotten.
  mutating func endLook() {
    reasons = reasons.filter { met.contains($0.key) }
    met.removeAll(keepingCapacity: true)
  }

  /// How many files it knows.
  var count: Int { reasons.count }
}
