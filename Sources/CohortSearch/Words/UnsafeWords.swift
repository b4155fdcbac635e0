internal import CohortCore

/// The words of texts, as the index has them: folded, in their order.
///
/// ```text
/// "Ärger in 東京都!"  ->  arger  in  東京  京都  都
/// ```
///
/// A run of characters of a script without spaces gives each two that are neighbours, and its last one alone: so each
/// character begins exactly one word, and every part of a run is found, one character included. Emoji are words. Everything
/// else stands between words. Of a word count the first 120 bytes.
///
/// Texts are UTF-8; bytes that are not are no part of a word.
package struct Words {
  /// The words one behind the other, a space behind each.
  package private(set) var bytes: [UInt8] = []
  /// How many there are, boundaries not counted.
  package private(set) var count: UInt32 = 0
  /// Of each word, boundaries included, where its space is in `bytes`.
  private(set) var ends: [Int] = []
  /// Of each word where it stands in the texts, counted on from one to the next.
  private(set) var places: [Range<Int>] = []
  /// Characters of the run that the last word ends, if it is the last of a run.
  private(set) var lastRun = 0

  /// Bytes of all texts so far.
  private var base = 0
  private let keepsPlaces: Bool
  private let table = FoldTable.shared

  // The word or run that is under way.
  private var isInWord = false
  private var wordStart = 0
  private var isFull = false
  /// The scalar that was put last, and where, as long as it may be composed with the next.
  private var previous: UInt32 = 0
  private var previousAt = 0
  private var run = 0
  private var (before, beforePlace) = (UInt32(0), 0..<0)
  private var (held, heldPlace) = (UInt32(0), 0..<0)
  private var start = 0
  private var end = 0

  package static let mostBytes = 120
  /// Stands between messages, so that no phrase goes from one to the next. No text has it: it is no character.
  package static let boundary: [UInt8] = [0xf4, 0x8f, 0xbf, 0xbf]

  /// - Parameter keepsPlaces: whether it is noted where words stand; an index has no use of it.
  package init(keepsPlaces: Bool = false) { self.keepsPlaces = keepsPlaces }

  /// The words of all messages of a sample's canonical content.
  /// - Throws: what `SampleContent.forEachPlace` throws.
  package init(ofSample content: UnsafeRawBufferPointer, keepsPlaces: Bool = false) throws {
    self.init(keepsPlaces: keepsPlaces)
    try add(sample: content)
  }

  /// Forgets all words.
  package mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
    (count, base, lastRun) = (0, 0, 0)
  }

  /// Adds the words of all messages of a sample, a boundary between two of them.
  package mutating func add(sample content: UnsafeRawBufferPointer) throws {
    var isFirst = true
    _ = try SampleContent.forEachPlace(in: content) { message in
      if !isFirst { addBoundary() }
      isFirst = false
      add(UnsafeRawBufferPointer(rebasing: content[message.text]))
    }
  }

  /// Adds the words of a text. None goes on in the next one.
  package mutating func add(_ text: UnsafeRawBufferPointer) {
    var at = 0
    while at < text.count {
      let byte = text[at]
      if byte < 0x80 {
        let folded = Self.ascii[Int(byte)]
        if folded != 0 {
          if run > 0 { endRun() }
          beginWord(at)
          put(folded)
          end = at + 1
        } else {
          endAll()
        }
        at += 1
        continue
      }
      let (scalar, length) = Self.decode(text, at)
      let place = at..<(at + length)
      at += length
      guard let scalar else {
        endAll()
        continue
      }
      table.forEach(of: scalar) { folded, kind in take(folded, kind, place) }
    }
    endAll()
    base += text.count
  }

  /// Ends what is under way, and adds a boundary.
  package mutating func addBoundary() {
    bytes += Self.boundary
    bytes.append(0x20)
    ends.append(bytes.count - 1)
    if keepsPlaces { places.append(base..<base) }
    base += 1
    lastRun = 0
  }

  /// The bytes of a word.
  func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1] + 1)..<ends[index] }

  // MARK: The machine

  private mutating func take(_ scalar: UInt32, _ kind: ScalarClass, _ place: Range<Int>) {
    switch kind {
    case .letter:
      if run > 0 { endRun() }
      if isInWord, previous != 0, let composed = FoldTable.composed(previous, scalar) {
        bytes.removeSubrange(previousAt...)
        put(composed)
      } else {
        beginWord(place.lowerBound)
        put(scalar)
      }
      end = place.upperBound
    case .dense:
      if isInWord { endWord() }
      if run > 0, let composed = FoldTable.composed(held, scalar) {
        (held, heldPlace) = (composed, heldPlace.lowerBound..<place.upperBound)
        return
      }
      // The next one may be composed with it, so a pair is put when its second one is behind us.
      if run > 1 { putPair() }
      (before, beforePlace) = (held, heldPlace)
      (held, heldPlace) = (scalar, place)
      run += 1
    case .symbol:
      endAll()
      append(scalar)
      close(place)
    case .ignored:
      if isInWord { end = place.upperBound }
    case .separator: endAll()
    }
  }

  @inline(__always)
  private mutating func beginWord(_ at: Int) {
    guard !isInWord else { return }
    (isInWord, isFull, previous) = (true, false, 0)
    (wordStart, start) = (bytes.count, at)
  }

  @inline(__always)
  private mutating func put(_ byte: UInt8) {
    previous = 0
    if bytes.count - wordStart < Self.mostBytes, !isFull { bytes.append(byte) } else { isFull = true }
  }

  private mutating func put(_ scalar: UInt32) {
    guard !isFull, bytes.count - wordStart + Self.length(scalar) <= Self.mostBytes else {
      (isFull, previous) = (true, 0)
      return
    }
    (previous, previousAt) = (scalar, bytes.count)
    append(scalar)
  }

  private mutating func endAll() {
    if isInWord { endWord() }
    if run > 0 { endRun() }
  }

  private mutating func endWord() {
    isInWord = false
    close(start..<end)
  }

  private mutating func putPair() {
    append(before)
    append(held)
    close(beforePlace.lowerBound..<heldPlace.upperBound)
  }

  private mutating func endRun() {
    if run > 1 { putPair() }
    append(held)
    close(heldPlace)
    lastRun = run
    run = 0
  }

  private mutating func close(_ place: Range<Int>) {
    ends.append(bytes.count)
    bytes.append(0x20)
    count += 1
    lastRun = 0
    if keepsPlaces { places.append((base + place.lowerBound)..<(base + place.upperBound)) }
  }

  // MARK: UTF-8

  private static func length(_ scalar: UInt32) -> Int {
    scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4
  }

  private mutating func append(_ scalar: UInt32) {
    switch Self.length(scalar) {
    case 1: bytes.append(UInt8(scalar))
    case 2:
      bytes.append(UInt8(0xc0 | scalar >> 6))
      bytes.append(UInt8(0x80 | scalar & 0x3f))
    case 3:
      bytes.append(UInt8(0xe0 | scalar >> 12))
      bytes.append(UInt8(0x80 | scalar >> 6 & 0x3f))
      bytes.append(UInt8(0x80 | scalar & 0x3f))
    default:
      bytes.append(UInt8(0xf0 | scalar >> 18))
      bytes.append(UInt8(0x80 | scalar >> 12 & 0x3f))
      bytes.append(UInt8(0x80 | scalar >> 6 & 0x3f))
      bytes.append(UInt8(0x80 | scalar & 0x3f))
    }
  }

  /// The scalar at an offset, and its bytes; nil, and one byte, for what is no UTF-8.
  static func decode(_ text: UnsafeRawBufferPointer, _ at: Int) -> (UInt32?, Int) {
    let first = UInt32(text[at])
    let count = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
    guard count > 0, at + count <= text.count else { return (nil, 1) }
    guard count > 1 else { return (first, 1) }
    var scalar = first & (0x7f >> UInt32(count))
    for offset in 1..<count {
      let next = UInt32(text[at + offset])
      guard next & 0xc0 == 0x80 else { return (nil, 1) }
      scalar = scalar << 6 | next & 0x3f
    }
    let least: UInt32 = count == 2 ? 0x80 : count == 3 ? 0x800 : 0x10000
    guard scalar >= least, scalar <= 0x10ffff, !(0xd800...0xdfff).contains(scalar) else { return (nil, 1) }
    return (scalar, count)
  }

  /// Letters and digits of ASCII, small; 0 for all others.
  private static let ascii: [UInt8] = (0..<128).map { byte in
    switch UInt8(byte) {
    case 0x30...0x39, 0x61...0x7a: UInt8(byte)
    case 0x41...0x5a: UInt8(byte) + 0x20
    default: 0
    }
  }
}
