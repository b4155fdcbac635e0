internal import CohortCore

/// Unigram language model (Kudo, 2018): of all ways to cut the word into tokens, the likeliest, by Viterbi's algorithm.
struct Unigram: WordModel {
  let vocabulary: UnsafeVocabulary
  let unknown: UInt32?
  private let unknownID: UInt32
  private let unknownScore: Double
  /// By id.
  private let scores: [Double]
  /// The ids of `<0x00>` to `<0xFF>`; nil without byte fallback.
  private let byteTokens: [UInt32?]?
  /// Of the tokens that begin with these two bytes, the longest's length; 0 where there is none.
  private let longest: [UInt8]

  init(vocabulary: UnsafeVocabulary, scores: [Double], unknown: UInt32, byteTokens: [UInt32?]?) {
    self.vocabulary = vocabulary
    self.unknown = unknown
    unknownID = unknown
    self.scores = scores
    self.byteTokens = byteTokens
    unknownScore = (scores.min() ?? 0) - 10
    var longest = [UInt8](repeating: 0, count: 1 << 16)
    try? vocabulary.forEach { token, _ throws(CohortError) in
      guard let first = token.first else { return }
      let length = UInt8(clamping: token.count)
      if token.count == 1 {
        for second in 0..<256 { longest[Int(first) << 8 | second] = max(longest[Int(first) << 8 | second], 1) }
      } else {
        let key = Int(first) << 8 | Int(token[1])
        longest[key] = max(longest[key], length)
      }
    }
    self.longest = longest
  }

  func encode(_ word: UTF8Text, into ids: inout UnsafeGrowingBuffer<UInt32>, scratch: inout ModelScratch) {
    findBestPath(word, &scratch)
    // From the end to the beginning, then turned round.
    let first = ids.count
    var end = word.count
    while end > 0 {
      var start = scratch.path[end].start
      let id = scratch.path[end].id
      if id == unknownID {
        // Unknown neighbours are one.
        while start > 0, scratch.path[start].id == unknownID { start = scratch.path[start].start }
        appendUnknown(word.part(start..<end), to: &ids)
      } else {
        ids.append(id)
      }
      end = start
    }
    var low = first
    var high = ids.count - 1
    while low < high {
      (ids[low], ids[high]) = (ids[high], ids[low])
      low += 1
      high -= 1
    }
  }

  private func findBestPath(_ word: UTF8Text, _ scratch: inout ModelScratch) {
    scratch.path.removeAll()
    scratch.path.reserve(word.count + 1)
    for _ in 0...word.count { scratch.path.append(PathNode(score: 0, start: -1, id: 0)) }
    var start = 0
    while start < word.count {
      let before = scratch.path[start].score
      let length = word.scalar(at: start).length
      var hasCharacter = false
      let second = start + 1 < word.count ? Int(word[start + 1]) : 0
      var limit = Int(longest[Int(word[start]) << 8 | second])
      if limit == 255 { limit = vocabulary.longest }
      let most = min(word.count, start + limit)
      var end = start + 1
      while end <= most {
        if end == word.count || word[end] & 0xc0 != 0x80, let id = vocabulary.id(of: word.part(start..<end)) {
          relax(&scratch.path[end], PathNode(score: scores[Int(id)] + before, start: start, id: id))
          if end == start + length { hasCharacter = true }
        }
        end += 1
      }
      if !hasCharacter {
        relax(&scratch.path[start + length], PathNode(score: unknownScore + before, start: start, id: unknownID))
      }
      start += length
    }
  }

  @inline(__always)
  private func relax(_ node: inout PathNode, _ candidate: PathNode) {
    if node.start < 0 || candidate.score > node.score { node = candidate }
  }

  /// Appends the ids of a part that no token covers, last one first.
  private func appendUnknown(_ part: UTF8Text, to ids: inout UnsafeGrowingBuffer<UInt32>) {
    if let id = vocabulary.id(of: part) {
      ids.append(id)
    } else if let byteTokens, part.allSatisfy({ byteTokens[Int($0)] != nil }) {
      for byte in part.reversed() { ids.append(byteTokens[Int(byte)] ?? unknownID) }
    } else {
      ids.append(unknownID)
    }
  }
}

/// The best way to a place in the word: its last token, and where that begins; -1 when there is none yet.
struct PathNode: BitwiseCopyable {
  var score: Double
  var start: Int
  var id: UInt32
}
