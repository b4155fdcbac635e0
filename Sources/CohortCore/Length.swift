/// What a length counts. Recorded in the store; one store has one unit per measure.
public enum LengthUnit: UInt8, CaseIterable, Sendable {
  /// Unicode scalars (not grapheme clusters: scalars are the same on every platform and Unicode version).
  case characters = 0
  /// Bytes of UTF-8.
  case bytes = 1
  /// Maximal runs of bytes other than ASCII white space.
  case words = 2
  /// Given by a field of the input record.
  case field = 3
  /// Tokens of a tokenizer that the store keeps.
  case tokens = 4

  /// As options and reports spell it; `LengthUnit(name:)` reads it back.
  public var name: String {
    switch self {
    case .characters: "characters"
    case .bytes: "bytes"
    case .words: "words"
    case .field: "field"
    case .tokens: "tokens"
    }
  }

  /// The unit of a word that `name` gives; nil for any other word.
  public init?(name: String) {
    guard let unit = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = unit
  }

  /// The length of UTF-8 text. `field` has no text to count, `tokens` takes a tokenizer: they give 0.
  /// - Complexity: O(n) over the bytes.
  public func measure(_ utf8: UnsafeRawBufferPointer) -> Int {
    switch self {
    case .bytes: return utf8.count
    case .field, .tokens: return 0
    case .characters:
      return utf8.count - Self.continuations(in: utf8)
    case .words:
      var count = 0
      var inside = false
      for byte in utf8 {
        let space = byte == 0x20 || (byte >= 0x09 && byte <= 0x0d)
        if !space && !inside { count += 1 }
        inside = !space
      }
      return count
    }
  }
}

extension LengthUnit {
  /// Bytes `10xxxxxx`, which continue a scalar. Looks at eight at a time: the low bit of each byte of `marks` tells of
  /// one byte of the text, and 255 words add up before a byte of the sum could overflow.
  private static func continuations(in utf8: UnsafeRawBufferPointer) -> Int {
    var count = 0
    var offset = 0
    while utf8.count - offset >= 8 {
      let end = offset + min((utf8.count - offset) / 8, 255) * 8
      var sums: UInt64 = 0
      while offset < end {
        let word = utf8.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        let marks = (word >> 7) & ~(word >> 6) & 0x0101_0101_0101_0101
        sums &+= marks
        offset += 8
      }
      let pairs = (sums & 0x00ff_00ff_00ff_00ff) &+ ((sums >> 8) & 0x00ff_00ff_00ff_00ff)
      count += Int((pairs &* 0x0001_0001_0001_0001) >> 48)
    }
    while offset < utf8.count {
      if utf8[offset] & 0xc0 == 0x80 { count += 1 }
      offset += 1
    }
    return count
  }
}

/// The three lengths of a sample, in the store's unit: the prompt, the response (`SampleParts`), and all messages together.
/// A message's length is that of its text, its reasoning and its calls (`MessageParts.length`).
public struct SampleLengths: Hashable, Sendable {
  /// What people call the store's own way to measure, which its configuration describes. No further measure has this name.
  public static let ownMeasure = "default"

  /// Everything before the response; all of it where there is none.
  public var prompt: UInt32
  /// The last assistant message that is trained on; 0 where there is none.
  public var response: UInt32
  /// All messages, those behind the response included.
  public var total: UInt32

  public init(prompt: UInt32, response: UInt32, total: UInt32) {
    self.prompt = prompt
    self.response = response
    self.total = total
  }
}
