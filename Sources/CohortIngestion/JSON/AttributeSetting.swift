public import CohortCore

/// One attribute with the value that it is to have, as it would come from a file.
public struct AttributeSetting: Hashable, Sendable {
  /// The attribute's key.
  public let key: String
  /// Canonical JSON.
  public let value: [UInt8]

  /// Reads `KEY=JSON`. The first sign of equality counts, so a value may hold others.
  /// - Throws: `ingestion.invalid-attribute` for a text without a key, or whose value is no JSON.
  public init(parsing text: String) throws(CohortError) {
    guard let sign = text.firstIndex(of: "="), sign > text.startIndex else {
      throw .usage(.ingestionInvalidAttribute, "'\(text)' sets no attribute", hint: Self.form)
    }
    key = String(text[..<sign])
    let json = Array(text[text.index(after: sign)...].utf8)
    let parser = try JSONParser(depth: IngestionLimits().depth)
    let padded = json + [UInt8](repeating: 0, count: JSONParser.padding)
    let parsed = padded.withUnsafeBufferPointer { bytes -> Result<[UInt8], JSONParser.Failure> in
      do throws(JSONParser.Failure) {
        let tape = try parser.parse(UnsafeBufferPointer(rebasing: bytes[..<json.count]))
        var value: [UInt8] = []
        CanonicalJSON.append(UnsafeTape.root, of: tape, to: &value)
        return .success(value)
      } catch {
        return .failure(error)
      }
    }
    switch parsed {
    case .success(let canonical): value = canonical
    case .failure(let failure):
      throw .usage(
        .ingestionInvalidAttribute, "The value of '\(key)' is no JSON: \(failure.detail)", hint: Self.form)
    }
  }

  /// Attributes with this one set: in the place of the one that was there, or behind the others.
  /// - Parameter attributes: an object in canonical JSON, or empty.
  /// - Complexity: O(bytes).
  public func applied(to attributes: [UInt8]) -> [UInt8] {
    var name: [UInt8] = []
    Array(key.utf8).withUnsafeBufferPointer { CanonicalJSON.append($0, to: &name) }
    var members: [[UInt8]] = []
    var isSet = false
    attributes.withUnsafeBytes { attributes in
      _ = CanonicalObject.forEachMember(of: attributes) { known, knownValue in
        let isSame = known.elementsEqual(name.dropFirst().dropLast())
        isSet = isSet || isSame
        members.append([UInt8(ascii: "\"")] + known + Array("\":".utf8) + (isSame ? value : [UInt8](knownValue)))
        return true
      }
    }
    if !isSet { members.append(name + [UInt8(ascii: ":")] + value) }
    return [UInt8(ascii: "{")] + members.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "}")]
  }

  private static let form = #"Write it as KEY=JSON, texts in quotation marks: --set 'topic="law"'"#
}
