import CohortCore
import CohortIngestion
import CohortTesting
import Foundation
import Testing

@Suite struct ContainerTests {
  static let line = #"{"prompt":"p","completion":"c"}"#
  /// Three times `line`, packed by gzip and by zstd.
  static let gzip = bytes("H4sIAAAAAAACA6tWKijKzy0oUbJSKlDSUUoGsnNSSzLz84ACyUq1XNUUygMA3eiamWAAAAA=")
  static let zstd = bytes("KLUv/QBoRQEABAJ7InByb21wdCI6InAiLCJjb21wbGV0aW9uIjoiYyJ9CgEA6JDUEw==")
  /// One mebibyte of spaces in 50 bytes, and with a window of 256 MiB.
  static let zstdSpaces = bytes(
    "KLUv/QRoTAAACCABAPz/ORACAgAQIAIAECACABAgAgAQIAIAECACABAgAwAQIIX4+kI=")
  static let zstdLong = bytes("KLUv/QCQTAAACCABAPz/ORACAgAQIAIAECACABAgAgAQIAIAECACABAgAwAQIA==")
  /// A text of 20,000 letters.
  static let gzipLetters = bytes(
    "H4sIAAAAAAACA+3BMREAIAwEsB0ZLwM/OOjQO67escGQ5KZOV3YaAAAAAAAAAAAAAAAAAAAAAAAAgC9k1gPaPnq+LE4AAA==")

  static func bytes(_ base64: String) -> [UInt8] { Data(base64Encoded: base64).map(Array.init) ?? [] }

  func source(_ bytes: [UInt8]) -> [InputSource] { [.memory(bytes, name: "packed")] }

  @Test func membersOfGzipAreReadAsOneFile() throws {
    let plain = try readLines([Self.line, Self.line, Self.line])
    #expect(try read(source(Self.gzip)).samples.map(\.content) == plain.samples.map(\.content))
    let twice = try read(source(Self.gzip + Self.gzip))
    #expect(twice.samples.map(\.line) == [1, 2, 3, 4, 5, 6])
    #expect(twice.inputBytes == UInt64(2 * Self.gzip.count))
    #expect(try read(source(Self.gzip + [0, 0, 0, 0])).samples.count == 3)
  }

  @Test func framesOfZstdAreReadAsOneFile() throws {
    #expect(try read(source(Self.zstd)).samples.count == 3)
    let twice = try read(source(Self.zstd + Self.zstd))
    #expect(twice.samples.map(\.line) == [1, 2, 3, 4, 5, 6])
    // A skippable frame in front.
    #expect(try read(source([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9] + Self.zstd)).samples.count == 3)
  }

  /// What was whole before the damage is delivered; then comes the error.
  @Test(arguments: [gzip, zstd])
  func whatIsWholeComesBeforeTheErrorOfATruncation(packed: [UInt8]) throws {
    let reader = try IngestionReader(sources: source(packed + packed.dropLast(3)), options: options())
    var samples = 0
    let error = try failure {
      while let next = try reader.next() {
        samples += next.batch.rows.count
        #expect(!next.finishedSource)
      }
    }
    #expect(error.code.name == "ingestion.damaged-input")
    #expect(error.place == "packed")
    #expect(samples >= 3)
    #expect(try reader.next() == nil)
  }

  @Test func damagedContainersAreRefused() throws {
    var damaged = Self.gzip
    damaged[damaged.count - 5] ^= 1
    #expect(try failure { _ = try read(source(damaged)) }.code.name == "ingestion.damaged-input")
    #expect(
      try failure { _ = try read(source(Self.gzip + Array("rubbish".utf8))) }.code.name == "ingestion.damaged-input")
    #expect(
      try failure { _ = try read(source(Self.zstd + Array("rubbish".utf8))) }.code.name == "ingestion.damaged-input")
  }

  @Test func sizesBeyondTheLimitsAreRefused() throws {
    let few = options { $0.limits.ratioGrace = 4 << 20 }
    func spaces(_ mebibytes: Int) -> [InputSource] {
      source(Array(repeating: Self.zstdSpaces, count: mebibytes).flatMap { $0 })
    }
    #expect(try failure { _ = try read(spaces(5), few) }.code.name == "ingestion.decompression-ratio")
    #expect(try read(spaces(4), few).order == "")
    #expect(IngestionLimits().ratioGrace == 64 << 20 && IngestionLimits().decompressionRatio == 200)
    let small = options { $0.limits.decompressedBytes = 10_000 }
    #expect(try failure { _ = try read(source(Self.gzipLetters), small) }.code.name == "ingestion.decompressed-size")
    let strict = options { $0.limits.ratioGrace = 1000 }
    #expect(try failure { _ = try read(source(Self.gzipLetters), strict) }.code.name == "ingestion.decompression-ratio")
    #expect(try read(source(Self.gzipLetters)).order == "s")
    let window = try failure { _ = try read(source(Self.zstdLong)) }
    #expect(window.code.name == "ingestion.zstd-window")
    #expect(try read(source(Self.zstdLong), options { $0.limits.zstdWindowLog = 28 }).order == "")
  }

  @Test(arguments: [
    ("PAR1....", "Parquet"), ("ARROW1..", "Arrow"), ("BZh9....", "bzip2"), ("PK\u{3}\u{4}....", "zip"),
  ])
  func foreignFormatsAreNamed(prefix: String, name: String) throws {
    let error = try failure { _ = try read(source(Array(prefix.utf8))) }
    #expect(error.code.name == "ingestion.foreign-format")
    #expect(error.message.hasPrefix(name))
    #expect(error.hint != nil)
  }

  @Test func unknownBinaryDataIsRefused() throws {
    let error = try failure { _ = try read(source([7, 0, 1, 2, 3])) }
    #expect(error.code.name == "ingestion.unknown-format")
    let wide = try failure { _ = try read(source([0xff, 0xfe, 0x7b, 0])) }
    #expect(wide.message.hasPrefix("UTF-16"))
  }
}
