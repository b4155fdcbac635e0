internal import CohortCore
internal import CohortPipeline

extension Verb {
  /// A verb that is an action with one report.
  /// - Parameter action: makes the action of a request.
  static func record<A: RecordAction>(
    _ abstract: String, name: String = A.name, access: ActionAccess = .reads, isLong: Bool = false, _ route: VerbRoute,
    _ parameters: [VerbParameter] = [], answers fields: [VerbField],
    _ action: @escaping @Sendable (VerbArguments) throws -> A
  ) -> Verb {
    Verb(
      name, abstract, access: access, isLong: isLong, route: route, parameters: parameters, answer: .record(fields)
    ) { arguments, store, control, _ in
      VerbEnd(try action(arguments).run(on: store, control))
    }
  }

  /// A verb that is an action with rows.
  static func rows<A: ListAction>(
    _ abstract: String, _ route: VerbRoute, _ parameters: [VerbParameter] = [], answers fields: [VerbField],
    _ action: @escaping @Sendable (VerbArguments) throws -> A
  ) -> Verb {
    Verb(
      A.name, abstract, access: .reads, route: route, parameters: parameters,
      answer: .rows(fields, isStream: A.isStream)
    ) { arguments, store, control, row in
      try action(arguments).run(on: store, control, row)
      return VerbEnd()
    }
  }
}

extension VerbParameter {
  /// The name of what the route is about.
  static func named(_ name: String, _ help: String) -> VerbParameter {
    VerbParameter(name, .path, .text, isRequired: true, help)
  }

  /// The name of something new.
  static func newName(_ what: String) -> VerbParameter {
    VerbParameter("name", .body, .text, isRequired: true, "The \(what)'s name.")
  }

  /// Says what would happen, and changes nothing.
  static func dryRun(_ help: String) -> VerbParameter {
    VerbParameter("dry_run", .body, .boolean, standard: false, help)
  }
}

extension ValueShape {
  /// How many there are.
  static let count = ValueShape.unsigned(0...UInt64.max)
  /// A number of a group.
  static let group = ValueShape.integer(0...Int64(UInt32.max))
  /// A whole number from 1 that an `Int` holds.
  static let positive = ValueShape.integer(1...Int64.max)
  /// The sample ids that there can be.
  static let sample = ValueShape.unsigned(0...(UInt64.max - 1))
}
