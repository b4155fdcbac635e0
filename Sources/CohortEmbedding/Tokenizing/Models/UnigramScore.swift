/// The scores of a unigram model as Hugging Face's library reads them.
enum UnigramScore {
  /// That library's JSON parser (serde_json) makes a number of its digits by one conversion and one division, which is up
  /// to a unit in the last place off. Ties between cuts of a word hang on it.
  /// - Parameter exact: the nearest double of the digits; its shortest form has the same digits, since that is how the
  ///   library writes them.
  static func asRead(_ exact: Double) -> Double {
    var significand: UInt64 = 0
    var exponent = 0
    var isFraction = false
    var text = exact.magnitude.description.utf8[...]
    while let character = text.first {
      text = text.dropFirst()
      switch character {
      case UInt8(ascii: "."): isFraction = true
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        significand = significand &* 10 &+ UInt64(character - UInt8(ascii: "0"))
        if isFraction { exponent -= 1 }
      case UInt8(ascii: "e"):
        guard let written = Int(Substring(text)) else { return exact }
        exponent += written
        text = text.dropFirst(text.count)
      default: return exact
      }
    }
    let powers = Self.powersOfTen
    guard exponent.magnitude < powers.count else { return exact }
    let value = Double(significand)
    let scaled = exponent < 0 ? value / powers[-exponent] : value * powers[exponent]
    return exact < 0 ? -scaled : scaled
  }

  /// As literals, not as products: from 10²³ on those would differ.
  private static let powersOfTen: [Double] = (0...30).map { Double("1e\($0)") ?? .nan }
}
