/// "Did you mean": the closest of some names.
public enum Suggestion {
  /// The name with the smallest edit distance to `word`, when it is close enough to be a slip of the fingers: at most a
  /// third of the word, at least one edit. The first of equally close names wins.
  public static func closest(to word: String, among names: [String]) -> String? {
    let limit = max(1, word.unicodeScalars.count / 3)
    var best: (name: String, distance: Int)?
    for name in names {
      let distance = editDistance(word.lowercased(), name.lowercased())
      if distance <= limit || (word.count >= 3 && name.hasPrefix(word)) {
        if best.map({ distance < $0.distance }) ?? true { best = (name, distance) }
      }
    }
    return best?.name
  }

  /// Edits between two words: insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
  /// - Complexity: O(n·m).
  package static func editDistance(_ first: String, _ second: String) -> Int {
    let a = Array(first.unicodeScalars)
    let b = Array(second.unicodeScalars)
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 0..<a.count {
      var current = [i + 1]
      for j in 0..<b.count {
        var cost = min(last[j + 1] + 1, current[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
        current.append(cost)
      }
      beforeLast = last
      last = current
    }
    return last[b.count]
  }
}
