/// Cuts texts into the terms that name groups: words and pairs of neighbouring words, in lower case.
///
/// Words of a language's grammar are no terms; there is a list of them for each script, without those that are words of
/// substance in another language of it. Scripts that write without spaces
/// (Chinese, Japanese, Thai and their neighbours) give overlapping pairs of characters instead of words.
package enum TermText {
  /// Calls `body` with each term, in the order of the text.
  package static func forEachTerm(in text: String, _ body: (String) -> Void) {
    var previous: String?
    var word = String.UnicodeScalarView()
    var character: Unicode.Scalar?
    func endWord() {
      defer { word.removeAll(keepingCapacity: true) }
      guard !word.isEmpty else { return }
      let term = String(word)
      guard isTerm(term) else {
        previous = nil
        return
      }
      body(term)
      if let previous { body("\(previous) \(term)") }
      previous = term
    }
    for scalar in text.lowercased().unicodeScalars {
      if isWithoutSpaces(scalar) {
        endWord()
        previous = nil
        if let character, !particles.contains(character), !particles.contains(scalar) {
          body(String(String.UnicodeScalarView([character, scalar])))
        }
        character = scalar
        continue
      }
      character = nil
      if scalar.properties.isAlphabetic || scalar.properties.generalCategory == .nonspacingMark {
        word.append(scalar)
      } else {
        endWord()
        // Neighbours have nothing but a space or a hyphen between them.
        if scalar != " " && scalar != "-" { previous = nil }
      }
    }
    endWord()
  }

  private static func isTerm(_ word: String) -> Bool {
    guard let first = word.unicodeScalars.first else { return false }
    // Hangul writes a syllable where others write letters.
    let least = (0xac00...0xd7a3).contains(first.value) ? 2 : 3
    return word.count >= least && !grammar(of: first).contains(word)
  }

  private static func isWithoutSpaces(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0e00...0x0eff, 0x1000...0x109f, 0x1780...0x17ff: true  // Thai, Lao, Burmese, Khmer
    case 0x3040...0x30ff, 0x31f0...0x31ff: true  // Kana
    case 0x3400...0x4dbf, 0x4e00...0x9fff, 0xf900...0xfaff, 0x20000...0x3134f: true  // Han
    default: false
    }
  }

  private static func grammar(of scalar: Unicode.Scalar) -> Set<String> {
    switch scalar.value {
    case 0x0370...0x03ff, 0x1f00...0x1fff: greek
    case 0x0400...0x052f: cyrillic
    case 0x0600...0x06ff, 0x0750...0x077f: arabic
    default: latin
    }
  }

  private static func words(_ text: String) -> Set<String> { Set(text.split(separator: " ").map(String.init)) }

  /// English, German, French, Spanish, Italian, Portuguese, Dutch; and what prompts in English say of themselves.
  private static let latin = words(
    """
    the and for that this with was are you his her not but from have has had they she him its were been which what who \
    will would there their can all one your when how does did than then them our out into about also any some more other \
    these those such only just very much most like really off get got may might should could shall being because while where here after before \
    over under between both each few own same too now upon whether following given \
    der das und ist ein eine einen einem einer eines nicht mit den dem des von auf für als auch sich wie dass oder \
    aber aus bei nach noch nur wird werden wurde haben hat sind über zum zur kann wenn dann ihr ihre sein seine \
    les des une est dans que qui pour pas par sur avec plus sont cette ces aux nous vous ils elle leur mais comme être \
    fait tout ses été los las del una por con para como más pero sus este esta entre cuando muy sobre también \
    hasta donde quien desde todo nos durante uno ser che non per con una sono della delle dei degli nel nella \
    più anche questo questa gli alla dal essere stato não uma com para dos das mais como mas foi ele ela pelo pela isso \
    esse essa são tem het een van dat niet met zijn voor maar ook aan bij nog naar dan wat over heeft werd hebben
    """)

  private static let cyrillic = words(
    """
    что это как все она они его она так его для или уже когда даже если вот только быть был была были мне под где есть \
    надо ней них чем без себя при нет тот этот эта эти про над через после который которая которые также более может \
    щоб але які який яка від про для або вже цей
    """)

  private static let greek = words("και της του των την τον στο στη στην που για από είναι δεν θα να με σε ένα μια")

  private static let arabic = words(
    "على إلى من في عن مع هذا هذه ذلك التي الذي كان كانت أن إن لا ما هو هي أو كما بين قد")

  /// Characters of grammar in Chinese and Japanese.
  private static let particles: Set<Unicode.Scalar> = Set("的了是在和有我你他这那不就也吗呢のはをにがとでもへやかなたてしるれい".unicodeScalars)
}
