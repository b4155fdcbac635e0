/// "Did you mean": the name that is nearest to a misspelt one.
enum Spelling {
  /// The candidate that differs from the word by no more than a slip of the fingers: one edit, or two in words of at
  /// least nine letters that begin alike. `redacted` is another word than `rejected`, not a way to misspell it.
  static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
    let letters = Array(word.lowercased().utf8)
    if letters.count < 3 { return nil }
    var best: (name: String, distance: Int)?
    for candidate in candidates where candidate != word {
      let other = Array(candidate.lowercased().utf8)
      let limit = min(letters.count, other.count) >= 9 && letters.first == other.first ? 2 : 1
      guard other.count >= 3, abs(other.count - letters.count) <= limit else { continue }
      let distance = distance(letters, other)
      if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.name
  }

  /// Edits (insert, delete, replace, swap of neighbours) that turn one word into the other.
  /// - Complexity: O(product of the lengths); the words are keys, not texts.
  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    let a = a.prefix(64)
    let b = b.prefix(64)
    var rows = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
    for i in 0...a.count { rows[i][0] = i }
    for j in 0...b.count { rows[0][j] = j }
    for i in stride(from: 1, through: a.count, by: 1) {
      for j in stride(from: 1, through: b.count, by: 1) {
        let replace = rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
        rows[i][j] = min(replace, rows[i - 1][j] + 1, rows[i][j - 1] + 1)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
        }
      }
    }
    return rows[a.count][b.count]
  }
}
