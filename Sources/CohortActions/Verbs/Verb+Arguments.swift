internal import CohortCore
internal import CohortIngestion

extension Verb {
  /// The most lists and objects inside one another that a body may have.
  private static let bodyDepth = 64

  /// Puts together what a request says, and holds it against `parameters`: names, places, types, ranges and choices.
  /// - Parameters:
  ///   - path: by the names in the braces of the route, percent-decoded.
  ///   - query: in the order of the request, percent-decoded; a name may come again where a list is taken.
  ///   - body: a JSON object, or nothing.
  /// - Throws: `cli.malformed-body` for a body that is no JSON object; `cli.argument` with the parameter's name as its
  ///   place.
  public func arguments(
    path: [String: String] = [:], query: [(name: String, value: String)] = [], body: [UInt8] = []
  ) throws -> VerbArguments {
    var values: [String: ReportValue] = [:]
    for (name, text) in path {
      let parameter = try parameter(name, .path)
      values[name] = try parameter.shape.value(of: text, for: name)
    }
    for (name, text) in query {
      let parameter = try parameter(name, .query)
      guard case .list(let element) = parameter.shape else {
        guard values[name] == nil else { throw CohortError.argument(name, "'\(name)' is given twice") }
        values[name] = try parameter.shape.value(of: text, for: name)
        continue
      }
      var list: [ReportValue] = if case .list(let known) = values[name] { known } else { [] }
      list.append(try element.value(of: text, for: name))
      values[name] = .list(list)
    }
    for field in try Self.fields(ofBody: body) {
      let parameter = try parameter(field.name, .body)
      guard values[field.name] == nil else { throw CohortError.argument(field.name, "'\(field.name)' is given twice") }
      values[field.name] = try parameter.shape.checked(field.value, for: field.name)
    }
    for parameter in parameters where values[parameter.name] == nil {
      guard !parameter.isRequired else {
        throw CohortError.argument(
          parameter.name, "'\(name)' needs '\(parameter.name)' in the \(parameter.place.rawValue)",
          hint: parameter.help)
      }
      if let standard = parameter.standard { values[parameter.name] = standard }
    }
    return VerbArguments(values)
  }

  /// The parameter of a name that a request has in some place.
  private func parameter(_ given: String, _ place: VerbParameter.Place) throws -> VerbParameter {
    if let found = parameters.first(where: { $0.name == given }) {
      guard found.place == place else {
        throw CohortError.argument(
          given, "'\(given)' goes into the \(found.place.rawValue), not into the \(place.rawValue)")
      }
      return found
    }
    // Whoever sends a name of a megabyte gets no more of it back.
    let given = String(given.prefix(100))
    let known = parameters.filter { $0.place == place }.map(\.name)
    let hint =
      Suggestion.closest(to: given, among: known).map { "Did you mean '\($0)'?" }
      ?? (known.isEmpty ? "It takes nothing there" : "It takes \(known.joined(separator: ", "))")
    throw CohortError.argument(given, "'\(name)' takes no '\(given)' in the \(place.rawValue)", hint: hint)
  }

  private static func fields(ofBody body: [UInt8]) throws -> [(name: String, value: ReportValue)] {
    guard body.contains(where: { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }) else { return [] }
    let tree = try JSONTree(parsing: body, depth: bodyDepth, as: .cliMalformedBody)
    guard case .record(let record) = ReportValue(tree) else {
      throw CohortError(
        .cliMalformedBody, "The body is no JSON object", hint: #"Write the parameters as {"name": "value", ...}"#)
    }
    return record.fields
  }
}
