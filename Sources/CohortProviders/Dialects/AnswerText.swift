internal import Foundation

/// JSON between us and a server.
enum AnswerText {
  static func encode(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    // Strings, whole numbers and booleans: there is nothing that could fail.
    return (try? encoder.encode(value)).map(Array.init) ?? []
  }

  /// - Throws: `AnswerError` that says what is wrong, without the answer's own text.
  static func decode<T: Decodable>(_ type: T.Type, _ body: [UInt8]) throws -> T {
    let decoder = JSONDecoder()
    do {
      return try decoder.decode(type, from: Data(body))
    } catch {
      // Python's servers write NaN as it is, which JSON does not know.
      decoder.allowsJSON5 = true
      do {
        return try decoder.decode(type, from: Data(body))
      } catch DecodingError.dataCorrupted(let context) where context.codingPath.isEmpty {
        throw AnswerError("the answer is not JSON")
      } catch {
        throw AnswerError("the answer is JSON without vectors where they should be")
      }
    }
  }
}

/// A vector as servers write it: numbers, or base64 of little-endian single floats.
struct VectorText: Decodable {
  var values: [Float]

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let text = try? container.decode(String.self) {
      guard let data = Data(base64Encoded: text), data.count % 4 == 0 else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "base64")
      }
      values = data.withUnsafeBytes { bytes in
        (0..<bytes.count / 4).map {
          Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
        }
      }
    } else if let numbers = try? container.decode([Float].self) {
      values = numbers
    } else {
      values = try container.decode([Element].self).map(\.value)
    }
  }

  /// A value that is no finite single float.
  private struct Element: Decodable {
    var value: Float

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      // Some write null for what is not a number.
      if container.decodeNil() {
        value = .nan
        return
      }
      do {
        value = Float(try container.decode(Double.self))
      } catch DecodingError.typeMismatch(let type, let context) {
        throw DecodingError.typeMismatch(type, context)
      } catch {
        // A number that not even a double holds; the decoder's error for that is its own.
        value = .infinity
      }
    }
  }
}
