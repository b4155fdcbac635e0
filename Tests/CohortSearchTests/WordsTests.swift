import CohortSearch
import CohortTesting
import Testing

/// What the words of a text are.
@Suite struct WordsTests {
  static func words(_ text: String) -> [String] {
    var (text, words) = (text, Words())
    text.withUTF8 { words.add(UnsafeRawBufferPointer($0)) }
    // By bytes: a mark that begins a word would make one character with the space before it.
    return words.bytes.split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test(arguments: [
    ("Prime numbers, don't!", "prime numbers don t"), ("C++ foo_bar(x) a:b", "c foo bar x a b"),
    ("Ärger STRASSE Straße ΕΛΛΆΣ Ελλάς", "arger strasse strasse ελλασ ελλασ"),
    // One letter, or a letter and its accent.
    ("caf\u{e9} cafe\u{301}", "cafe cafe"), ("İstanbul ＡＢＣ ﬁne ①", "istanbul abc fine 1"),
    // Joiners and soft hyphens are not seen; a zero width space divides.
    ("soft\u{ad}hyphen a\u{200b}b", "softhyphen a b"),
    // Each two neighbours of a run, and its last one.
    ("東京都", "東京 京都 都"), ("x東y", "x 東 y"), ("กขค 2024年", "กข ขค ค 2024 年"),
    // Typed in parts.
    ("か\u{3099}き", "がき き"), ("\u{ff76}\u{ff9e}", "ガ"), ("\u{1112}\u{1161}\u{11ab}글", "한글"),
    ("مُحَمَّد", "محمد"), ("ok👍🏽😀", "ok 👍 😀"), ("\u{fffd}\u{0}?!…", ""), ("हिन्दी", "हिन्दी"),
  ])
  func wordsAreFolded(text: String, expected: String) {
    #expect(Self.words(text).joined(separator: " ") == expected)
  }

  @Test func ofALongWordTheBeginningCounts() {
    let word = String(repeating: "ab", count: 400)
    #expect(Self.words(word) == [String(word.prefix(Words.mostBytes))])
    let wide = Self.words(String(repeating: "ж", count: 400))
    #expect(wide == [String(repeating: "ж", count: Words.mostBytes / 2)])
  }

  /// Whatever the bytes: words hold nothing that FTS5 would take for anything but a word of its own.
  @Test func anyBytesHaveWords() {
    var random = TestRandom(seed: seed)
    let special: [[UInt8]] = [
      [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe6], Words.boundary, [0x20],
      Array("é".utf8),
      Array("京".utf8),
    ]
    for turn in 0..<2000 {
      var bytes: [UInt8] = []
      for _ in 0..<random.below(40) {
        bytes += random.below(2) == 0 ? [UInt8(random.below(256))] : special[random.below(special.count)]
      }
      var words = Words()
      bytes.withUnsafeBytes { words.add($0) }
      let made = words.bytes.split(separator: 0x20)
      #expect(made.count == Int(words.count), "turn \(turn), seed \(seed)")
      for word in made {
        #expect(String(validating: word, as: UTF8.self) != nil && !word.isEmpty && Array(word) != Words.boundary)
        #expect(word.allSatisfy { $0 >= 0x80 || (0x30...0x39).contains($0) || (0x61...0x7a).contains($0) })
      }
    }
  }

  /// Each scalar folds to what folds to itself: so a word that was found can be searched for.
  @Test func foldedIsFolded() {
    var changed = 0
    for value in (0..<0x30000 as Range<UInt32>) {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let once = Self.words(String(scalar))
      changed += once == [String(scalar)] ? 0 : 1
      // Of a run the neighbours would be words again.
      guard once.count == 1 else { continue }
      #expect(Self.words(once[0]) == once, "U+\(String(value, radix: 16))")
    }
    #expect(changed > 1000)
  }
}

private let seed = UInt64.random(in: 0..<1_000_000)
