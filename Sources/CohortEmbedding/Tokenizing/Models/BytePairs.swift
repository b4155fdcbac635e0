/// Byte-pair encoding (Sennrich, Haddow and Birch, 2016): a word begins as its characters, and the two neighbours that
/// come first in the list of merges become one, until none are left that merge.
struct BytePairs: WordModel {
  let vocabulary: UnsafeVocabulary
  let unknown: UInt32?
  private let merges: UnsafePairTable
  private let options: Options

  struct Options: Sendable {
    /// What characters after the first are looked up with.
    var prefix: [UInt8] = []
    /// What the last character is looked up with.
    var suffix: [UInt8] = []
    /// Neighbouring unknown characters are one.
    var fusesUnknown = false
    /// The ids of `<0x00>` to `<0xFF>`, of which unknown characters are made; nil without, and where one is missing.
    var byteTokens: [UInt32?]?
    /// A word of the vocabulary is that token.
    var prefersWholeWords = false
  }

  init(vocabulary: UnsafeVocabulary, merges: UnsafePairTable, unknown: UInt32?, options: Options) {
    (self.vocabulary, self.merges, self.unknown, self.options) = (vocabulary, merges, unknown, options)
  }

  func encode(_ word: UTF8Text, into ids: inout UnsafeGrowingBuffer<UInt32>, scratch: inout ModelScratch) {
    if options.prefersWholeWords, let id = vocabulary.id(of: word) {
      ids.append(id)
      return
    }
    scratch.symbols.removeAll()
    appendCharacters(of: word, scratch: &scratch)
    merge(&scratch)
    var index = scratch.symbols.isEmpty ? -1 : 0
    while index >= 0 {
      ids.append(scratch.symbols[index].id)
      index = scratch.symbols[index].next
    }
  }

  private func appendCharacters(of word: UTF8Text, scratch: inout ModelScratch) {
    var pending: UInt32?
    var index = 0
    while index < word.count {
      let length = word.scalar(at: index).length
      let isLast = index + length == word.count
      var character = word.part(index..<(index + length))
      if (index > 0 && !options.prefix.isEmpty) || (isLast && !options.suffix.isEmpty) {
        scratch.bytes.removeAll()
        if index > 0 { options.prefix.withUnsafeBufferPointer { scratch.bytes.append(contentsOf: $0) } }
        scratch.bytes.append(contentsOf: character)
        if isLast { options.suffix.withUnsafeBufferPointer { scratch.bytes.append(contentsOf: $0) } }
        character = scratch.bytes.view
      }
      index += length
      if let id = vocabulary.id(of: character) {
        if let unknown = pending { scratch.append(symbol: unknown) }
        pending = nil
        scratch.append(symbol: id)
      } else if let tokens = options.byteTokens, character.allSatisfy({ tokens[Int($0)] != nil }) {
        // An unknown character before stays pending, as in the library.
        for byte in character { scratch.append(symbol: tokens[Int(byte)] ?? 0) }
      } else if let unknown {
        if pending != nil, !options.fusesUnknown { scratch.append(symbol: unknown) }
        pending = unknown
      }
    }
    if let unknown = pending { scratch.append(symbol: unknown) }
  }

  /// Merges by rank, and from left to right among equal ranks, with a heap of what may be merged.
  private func merge(_ scratch: inout ModelScratch) {
    scratch.heap.removeAll()
    let count = scratch.symbols.count
    guard count > 1 else { return }
    for index in 0..<(count - 1) { consider(index, &scratch) }
    while let top = scratch.heap.popLeast() {
      let left = Int(truncatingIfNeeded: top & 0xffff_ffff)
      let right = scratch.symbols[left].next
      // Of neighbours that are not what they were, or no more.
      guard scratch.symbols[left].isThere, right >= 0,
        let merge = merges.merge(scratch.symbols[left].id, scratch.symbols[right].id), UInt64(merge.rank) == top >> 32
      else { continue }
      scratch.symbols[left].id = merge.id
      scratch.symbols[right].isThere = false
      let next = scratch.symbols[right].next
      scratch.symbols[left].next = next
      if next >= 0 { scratch.symbols[next].previous = left }
      let previous = scratch.symbols[left].previous
      if previous >= 0 { consider(previous, &scratch) }
      consider(left, &scratch)
    }
  }

  @inline(__always)
  private func consider(_ left: Int, _ scratch: inout ModelScratch) {
    let right = scratch.symbols[left].next
    guard right >= 0, let merge = merges.merge(scratch.symbols[left].id, scratch.symbols[right].id) else { return }
    scratch.heap.push(UInt64(merge.rank) << 32 | UInt64(UInt32(truncatingIfNeeded: left)))
  }
}

/// A token of the word at hand, in a list.
struct Symbol: BitwiseCopyable {
  var id: UInt32
  var isThere = true
  var previous: Int
  var next: Int
}

extension ModelScratch {
  fileprivate mutating func append(symbol id: UInt32) {
    let index = symbols.count
    if index > 0 { symbols[index - 1].next = index }
    symbols.append(Symbol(id: id, previous: index - 1, next: -1))
  }
}

extension UnsafeGrowingBuffer<UInt64> {
  /// Adds a value to a binary heap, the least on top.
  mutating func push(_ value: UInt64) {
    append(value)
    var index = count - 1
    while index > 0, self[(index - 1) / 2] > value {
      self[index] = self[(index - 1) / 2]
      index = (index - 1) / 2
    }
    self[index] = value
  }

  mutating func popLeast() -> UInt64? {
    guard count > 0 else { return nil }
    let least = self[0]
    let value = self[count - 1]
    truncate(to: count - 1)
    guard count > 0 else { return least }
    var index = 0
    while true {
      var child = index * 2 + 1
      guard child < count else { break }
      if child + 1 < count, self[child + 1] < self[child] { child += 1 }
      guard self[child] < value else { break }
      self[index] = self[child]
      index = child
    }
    self[index] = value
    return least
  }
}
