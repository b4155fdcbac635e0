internal import CSQLiteTables
internal import CohortCore
internal import CohortStore

/// `embed(text)` and `embed(text, space)`: the vector that the space's built-in encoder makes of a text.
enum EmbedFunction {
  /// Bytes of a text that are worth encoding; encoders look at the beginning only.
  private static let mostBytes = 64 << 10

  /// - Throws: `tables.not-here` where nobody encodes.
  static func encode(_ text: String, _ space: String?, _ session: TableSession) throws -> [Float]? {
    guard let encode = session.services.encode else {
      throw CohortError(
        .tablesNotHere, "There is no encoder here",
        hint: "Give a vector in place of a text; cohort sql has embed()")
    }
    guard text.utf8.count <= mostBytes else {
      throw CohortError.argument("embed", "the text has \(text.utf8.count) bytes, more than \(mostBytes)")
    }
    return try encode(text, space)
  }

  static func call(
    _ arguments: UnsafeBufferPointer<cohort_sql_value>, _ session: TableSession, into result: KeptBytes
  ) throws -> cohort_sql_value {
    guard (1...2).contains(arguments.count) else {
      throw CohortError.argument("embed", "it takes a text, and perhaps the name of a space")
    }
    if arguments[0].kind == COHORT_SQL_NULL { return .null }
    guard let text = arguments[0].text, arguments.count == 1 || arguments[1].text != nil else {
      throw CohortError.argument("embed", "it takes a text, and perhaps the name of a space")
    }
    guard let vector = try encode(text, arguments.count == 1 ? nil : arguments[1].text, session) else { return .null }
    vector.withUnsafeBytes { result.set($0, as: COHORT_SQL_BLOB) }
    return result.value
  }
}

/// `centroid(grouping, group)`: the published centroid of a group; NULL for a group that has none, or is not there.
enum CentroidFunction {
  static func call(
    _ arguments: UnsafeBufferPointer<cohort_sql_value>, _ session: TableSession, into result: KeptBytes
  ) throws -> cohort_sql_value {
    if arguments.contains(where: { $0.kind == COHORT_SQL_NULL }) { return .null }
    guard arguments.count == 2, let name = arguments[0].text, arguments[1].kind == COHORT_SQL_INTEGER else {
      throw CohortError.argument("centroid", "it takes the name of a grouping and the number of a group")
    }
    guard let group = UInt32(exactly: arguments[1].integer) else { return .null }
    let record = try session.readBriefly { transaction in
      try transaction.group(GroupID(group), in: try transaction.existingGrouping(name).id)
    }
    guard case .centroid(let values)? = record?.geometry else { return .null }
    values.withUnsafeBytes { result.set($0, as: COHORT_SQL_BLOB) }
    return result.value
  }
}
