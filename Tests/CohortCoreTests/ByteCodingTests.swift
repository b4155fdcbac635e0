import CohortCore
import Testing

/// One value of each kind that `ByteWriter` writes and `ByteReader` reads.
enum CodedValue: Hashable {
  case byte(UInt8)
  case word(UInt32)
  case signed(Int64)
  case single(UInt32)
  case double(UInt64)
  case varint(UInt64)
  case blob([UInt8])
  case string(String)
  case optional(String?)

  static let alphabet: [String] = ["a", " ", "\n", "\u{0}", "é", "ß", "漢", "😀", "e\u{301}", "\u{feff}"]

  static func text(using random: inout SplitMix64) -> String {
    (0..<Int.random(in: 0...200, using: &random)).map { _ in alphabet[Int.random(in: 0..<10, using: &random)] }.joined()
  }

  static func random(using random: inout SplitMix64) -> CodedValue {
    switch Int.random(in: 0..<9, using: &random) {
    case 0: .byte(UInt8(truncatingIfNeeded: random.next()))
    case 1: .word(UInt32(truncatingIfNeeded: random.next()))
    case 2: .signed(Int64(bitPattern: random.next()))
    case 3: .single(UInt32(truncatingIfNeeded: random.next()))
    case 4: .double(random.next())
    // A shift gives every length from 1 to 10 bytes.
    case 5: .varint(random.next() >> UInt64.random(in: 0..<64, using: &random))
    case 6: .blob((0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    case 7: .string(text(using: &random))
    default: .optional(Bool.random(using: &random) ? text(using: &random) : nil)
    }
  }

  func write(to writer: inout ByteWriter) {
    switch self {
    case .byte(let value): writer.fixed(value)
    case .word(let value): writer.fixed(value)
    case .signed(let value): writer.fixed(value)
    case .single(let bits): writer.fixed(Float(bitPattern: bits))
    case .double(let bits): writer.fixed(Double(bitPattern: bits))
    case .varint(let value): writer.varint(value)
    case .blob(let bytes): writer.blob(bytes)
    case .string(let text): writer.string(text)
    case .optional(let text): writer.optional(text)
    }
  }

  /// The next value, of the same kind as this one.
  func read(from reader: inout ByteReader) throws -> CodedValue {
    switch self {
    case .byte: .byte(try reader.fixed())
    case .word: .word(try reader.fixed())
    case .signed: .signed(try reader.fixed())
    case .single: .single(try reader.float().bitPattern)
    case .double: .double(try reader.double().bitPattern)
    case .varint: .varint(try reader.varint())
    case .blob: .blob([UInt8](try reader.blob()))
    case .string: .string(try reader.string())
    case .optional: .optional(try reader.optionalString())
    }
  }
}

@Suite struct ByteCodingTests {
  static func bytes(_ values: [CodedValue]) -> [UInt8] {
    var writer = ByteWriter()
    for value in values { value.write(to: &writer) }
    return writer.bytes
  }

  @Test func whatIsWrittenIsReadBack() throws {
    for seed in 0..<200 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      let values = (0..<20).map { _ in CodedValue.random(using: &random) }
      let read = try ByteReader.decode(Self.bytes(values)) { reader in try values.map { try $0.read(from: &reader) } }
      #expect(read == values, "seed \(seed)")
    }
  }

  @Test func manyValuesAreWrittenAsOneByOne() {
    var random = SplitMix64(seed: 7)
    let integers = (0..<33).map { _ in Int64(truncatingIfNeeded: random.next()) }
    let floats = (0..<33).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: random.next())) }
    var (together, single) = (ByteWriter(), ByteWriter())
    together.fixed(UInt8(1))
    together.fixed(contentsOf: integers)
    together.fixed(contentsOf: floats)
    together.fixed(contentsOf: [Float]())
    single.fixed(UInt8(1))
    for value in integers { single.fixed(value) }
    for value in floats { single.fixed(value) }
    #expect(together.bytes == single.bytes, "seed 7")
  }

  @Test func everyTruncationIsAnError() {
    for seed in 0..<10 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      let values = (0..<12).map { _ in CodedValue.random(using: &random) }
      let bytes = Self.bytes(values)
      for length in 0..<bytes.count {
        let error = #expect(throws: CohortError.self, "seed \(seed), \(length) of \(bytes.count) bytes") {
          try ByteReader.decode(Array(bytes.prefix(length))) { reader in
            for value in values { _ = try value.read(from: &reader) }
          }
        }
        #expect(error?.code.name == "core.truncated", "seed \(seed), \(length) of \(bytes.count) bytes")
      }
    }
  }

  /// Whatever the bytes are, each read returns or throws a `CohortError`, and the offset stays inside.
  @Test func arbitraryBytesNeverTrap() {
    for seed in 0..<2_000 as Range<UInt64> {
      var random = SplitMix64(seed: seed)
      let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      bytes.withUnsafeBytes { buffer in
        var reader = ByteReader(buffer)
        do {
          while reader.remaining > 0 { _ = try CodedValue.random(using: &random).read(from: &reader) }
        } catch {
          #expect((error as? CohortError)?.isFormat == true, "seed \(seed)")
        }
        #expect((0...bytes.count).contains(reader.offset), "seed \(seed)")
      }
    }
  }

  @Test func integersAreLittleEndian() {
    var writer = ByteWriter(capacity: 3)
    writer.fixed(UInt16(0x0102))
    writer.fixed(Int32(-2))
    writer.fixed(Float(1))
    writer.optional(nil)
    writer.optional("é")
    writer.overwrite(at: 0, with: UInt16(0x0304))
    #expect(writer.bytes == [4, 3, 0xfe, 0xff, 0xff, 0xff, 0, 0, 0x80, 0x3f, 0, 1, 2, 0xc3, 0xa9])
    #expect(writer.count == writer.bytes.count)
  }

  @Test(
    arguments: [
      (0, [0]), (127, [0x7f]), (128, [0x80, 1]), (300, [0xac, 2]), (16_383, [0xff, 0x7f]), (16_384, [0x80, 0x80, 1]),
      (.max, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
    ] as [(UInt64, [UInt8])])
  func goldenVarints(value: UInt64, bytes: [UInt8]) throws {
    var writer = ByteWriter()
    writer.varint(value)
    #expect(writer.bytes == bytes)
    #expect(try ByteReader.decode(bytes) { try $0.varint() } == value)
  }

  @Test func varintsBeyond64BitsAreRefused() throws {
    let nines = [UInt8](repeating: 0xff, count: 9)
    let tooLarge: [[UInt8]] = [
      nines + [2], nines + [0x7f], nines + [0x80, 0], nines + [0x81, 0], [UInt8](repeating: 0x80, count: 10) + [1],
      [UInt8](repeating: 0xff, count: 1_000),
    ]
    for bytes in tooLarge {
      let error = #expect(throws: CohortError.self) { try ByteReader.decode(bytes) { try $0.varint() } }
      #expect(error?.code.name == "core.invalid", "\(bytes.prefix(12))")
    }
    // Padding within ten bytes is read as the value it pads.
    #expect(try ByteReader.decode([0x85, 0x80, 0]) { try $0.varint() } == 5)
    #expect(try ByteReader.decode([UInt8](repeating: 0x80, count: 9) + [0]) { try $0.varint() } == 0)
    let error = #expect(throws: CohortError.self) { try ByteReader.decode(nines) { try $0.varint() } }
    #expect(error?.code.name == "core.truncated")
  }

  @Test func countsNeverPromiseMoreThanIsThere() throws {
    for promised in [4, 5, 1 << 31, 1 << 62, .max] as [UInt64] {
      var writer = ByteWriter()
      writer.varint(promised)
      writer.raw([1, 2, 3])
      for attempt in [
        { _ = try $0.count() }, { _ = try $0.blob() }, { _ = try $0.string() },
      ] as [(inout ByteReader) throws -> Void] {
        let error = #expect(throws: CohortError.self, "\(promised)") { try ByteReader.decode(writer.bytes, attempt) }
        #expect(error?.code.name == "core.truncated", "\(promised)")
      }
    }
    let two: [UInt8] = [2, 0, 0, 0, 0, 0, 0, 0, 0]
    try two.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) throws in
      var reader = ByteReader(bytes)
      #expect(try reader.count(unit: 4) == 2)
      reader = ByteReader(bytes)
      #expect(throws: CohortError.self) { try reader.count(unit: 5) }
      reader = ByteReader(bytes)
      #expect(throws: CohortError.self) { try reader.raw(-1) }
      #expect(throws: CohortError.self) { try reader.raw(10) }
      #expect(throws: CohortError.self) { try reader.raw(.max) }
      #expect(try reader.raw(9).count == 9)
    }
  }

  @Test func bytesLeftOverAreRefused() {
    let error = #expect(throws: CohortError.self) { try ByteReader.decode([7, 8]) { try $0.fixed(UInt8.self) } }
    #expect(error?.code.name == "core.invalid" && error?.place == "byte 1")
    #expect(error?.description == "the end of the value is not valid (byte 1)")
  }

  @Test(arguments: [[1, 0xff], [2, 0xc3, 0x28], [3, 0xed, 0xa0, 0x80], [2, 0xc0, 0x80], [1, 0xc3]] as [[UInt8]])
  func invalidTextIsRefused(bytes: [UInt8]) {
    for attempt in [
      { try ByteReader.decode(bytes) { _ = try $0.string() } },
      { try ByteReader.decode([1] + bytes) { _ = try $0.optionalString() } },
      { try ByteReader.decode([2] + bytes) { _ = try $0.optionalString() } },
    ] as [() throws -> Void] {
      let error = #expect(throws: CohortError.self) { try attempt() }
      #expect(error?.code.name == "core.invalid")
    }
  }
}
