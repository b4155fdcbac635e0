internal import CohortCore

extension Cursor {
  /// The canonical JSON text: these keys in this order, no spaces. Schema in `Schemas/cursor.schema.json`.
  ///
  /// `{"version":1,"store_id":"…","snapshot":"…","plan_hash":"…","epoch":0,"step":0}`
  public var json: String {
    "{\"version\":\(version),\"store_id\":\"\(storeID)\",\"snapshot\":\(JSONString.quoted(snapshot))"
      + ",\"plan_hash\":\"\(planHash)\",\"epoch\":\(epoch),\"step\":\(step)}"
  }

  /// Reads a cursor's JSON: the keys in any order, with any white space, but no others, each once, and of its type.
  /// - Throws: `planning.invalid-cursor`, or `planning.newer-cursor` for a version this release does not know.
  public init(json: String) throws {
    let fields: [String: FlatObject.Value]
    do { fields = try FlatObject.parse(json) } catch let error as CohortError where error.isFormat {
      throw Self.invalid(error.description)
    }
    guard let version = fields["version"] else { throw Self.invalid("it has no \"version\"") }
    guard case .integer(let number) = version else { throw Self.invalid("\"version\" is not a whole number") }
    guard number == Self.currentVersion else {
      throw CohortError(
        .planningNewerCursor, "the cursor has version \(number), this release reads version 1",
        hint: number > Self.currentVersion ? "Use a newer release of Cohort" : nil)
    }
    let known: Set<String> = ["version", "store_id", "snapshot", "plan_hash", "epoch", "step"]
    if let stranger = fields.keys.filter({ !known.contains($0) }).min() {
      throw Self.invalid("it has an unknown key \"\(stranger)\"")
    }
    self.init(
      storeID: try Self.digest("store_id", fields), snapshot: try Self.text("snapshot", fields),
      planHash: try Self.digest("plan_hash", fields), epoch: try Self.number("epoch", fields),
      step: try Self.number("step", fields))
  }

  private static func text(_ key: String, _ fields: [String: FlatObject.Value]) throws -> String {
    guard let value = fields[key] else { throw invalid("it has no \"\(key)\"") }
    guard case .string(let text) = value else { throw invalid("\"\(key)\" is not a string") }
    return text
  }

  private static func digest(_ key: String, _ fields: [String: FlatObject.Value]) throws -> Digest128 {
    guard let digest = Digest128(hexadecimal: try text(key, fields)) else {
      throw invalid("\"\(key)\" is not 32 hexadecimal digits")
    }
    return digest
  }

  private static func number(_ key: String, _ fields: [String: FlatObject.Value]) throws -> UInt64 {
    guard let value = fields[key] else { throw invalid("it has no \"\(key)\"") }
    guard case .integer(let number) = value, number <= greatestNumber else {
      throw invalid("\"\(key)\" is not a whole number from 0 to \(greatestNumber)")
    }
    return number
  }
}
