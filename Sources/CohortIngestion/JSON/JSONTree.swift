public import CohortCore

/// A whole JSON document as a value: for requests, which are small. Ingestion never makes one.
public indirect enum JSONTree: Hashable, Sendable {
  /// A literal of JSON.
  case null
  /// `true` or `false`.
  case boolean(Bool)
  /// A whole number that `Int64` holds.
  case integer(Int64)
  /// A whole number beyond that which `UInt64` holds.
  case unsigned(UInt64)
  /// Any other number; one that no `Double` holds is infinite.
  case number(Double)
  /// A string, unescaped.
  case text(String)
  /// Elements in their order.
  case list([JSONTree])
  /// Members in their order; a name that was written twice is there twice.
  case object([Member])

  /// A member of an object.
  public struct Member: Hashable, Sendable {
    /// Unescaped.
    public var name: String
    /// What belongs to it.
    public var value: JSONTree
  }

  /// Parses a document (RFC 8259, UTF-8).
  /// - Parameter depth: the most lists and objects inside one another.
  /// - Throws: an error of `code` that says what is wrong, and where.
  /// - Complexity: O(bytes).
  public init(parsing bytes: [UInt8], depth: Int = 64, as code: ErrorCode) throws(CohortError) {
    let parser = try JSONParser(depth: depth)
    let padded = bytes + [UInt8](repeating: 0, count: JSONParser.padding)
    let parsed = padded.withUnsafeBufferPointer { padded -> Result<JSONTree, JSONParser.Failure> in
      do throws(JSONParser.Failure) {
        let tape = try parser.parse(UnsafeBufferPointer(rebasing: padded[..<bytes.count]))
        return .success(JSONTree(UnsafeTape.root, of: tape))
      } catch {
        return .failure(error)
      }
    }
    switch parsed {
    case .success(let tree): self = tree
    case .failure(let failure): throw CohortError(code, "This is no JSON: \(failure.detail)")
    }
  }

  private init(_ value: Int, of tape: UnsafeTape) {
    switch tape.kind(value) {
    case .null, .other: self = .null
    case .yes: self = .boolean(true)
    case .no: self = .boolean(false)
    case .signed: self = .integer(tape.signed(value))
    case .unsigned: self = Int64(exactly: tape.unsigned(value)).map { .integer($0) } ?? .unsigned(tape.unsigned(value))
    case .double: self = .number(tape.double(value))
    case .wide: self = .number(Double(tape.string(value)) ?? .infinity)
    case .string: self = .text(tape.string(value))
    case .array: self = .list(tape.elements(of: value).map { JSONTree($0, of: tape) })
    case .object:
      var members: [Member] = []
      tape.forEachMember(of: value) { key, value in
        members.append(Member(name: tape.string(key), value: JSONTree(value, of: tape)))
        return true
      }
      self = .object(members)
    }
  }
}
