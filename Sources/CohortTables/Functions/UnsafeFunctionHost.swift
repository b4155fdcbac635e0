internal import CSQLiteTables
internal import CohortCore

/// A function of SQL that the host answers.
final class FunctionHost {
  /// - Returns: a value that is valid until the next call.
  typealias Body = (UnsafeBufferPointer<cohort_sql_value>, KeptBytes) throws -> cohort_sql_value

  private let session: TableSession?
  private let body: Body
  private let result = KeptBytes()

  private init(_ session: TableSession?, _ body: @escaping Body) {
    self.session = session
    self.body = body
  }

  /// A function by its name, with how many arguments it takes; -1 for any number.
  struct Definition {
    let name: String
    let arguments: Int32
    let body: Body
  }

  /// Functions that need no store.
  static var plain: [Definition] {
    [
      Definition(name: "vector_to_json", arguments: 1) { try VectorText.json($0[0], into: $1) },
      Definition(name: "vector_from_json", arguments: 1) { try VectorText.vector($0[0], into: $1) },
    ]
  }

  /// Functions that ask a store.
  static func functions(of session: TableSession) -> [Definition] {
    [
      Definition(name: "centroid", arguments: 2) { try CentroidFunction.call($0, session, into: $1) },
      Definition(name: "embed", arguments: -1) { try EmbedFunction.call($0, session, into: $1) },
    ]
  }

  /// Adds a function to a connection.
  /// - Parameter session: is told what the function throws.
  /// - Returns: SQLite's result code.
  static func add(
    _ definition: Definition, isConstant: Bool = true, to connection: OpaquePointer, trust: cohort_sql_trust,
    _ session: TableSession?
  ) -> Int32 {
    let host = FunctionHost(session, definition.body)
    return definition.name.withCString { name in
      var function = cohort_sql_function()
      function.name = name
      function.arguments = definition.arguments
      function.trust = Int32(trust.rawValue)
      function.is_constant = isConstant ? 1 : 0
      function.call = { context, arguments, count, result, error in
        guard let context, let result else { return 1 }
        let host = Unmanaged<FunctionHost>.fromOpaque(context).takeUnretainedValue()
        return TableHost.answer(host.session, error) {
          result.pointee = try host.body(UnsafeBufferPointer(start: arguments, count: Int(count)), host.result)
        }
      }
      function.release = { context in
        if let context { Unmanaged<FunctionHost>.fromOpaque(context).release() }
      }
      return cohort_sql_add_function(connection, &function, Unmanaged.passRetained(host).toOpaque())
    }
  }
}
