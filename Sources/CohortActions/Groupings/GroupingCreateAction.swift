public import CohortCore
public import CohortPipeline
public import CohortStore

/// `grouping create`: adds a way to divide the store into groups. The grouping starts empty.
public struct GroupingCreateAction: RecordAction {
  public static let name = "grouping create"
  public var access: ActionAccess { .updates }
  /// Name of the new grouping: unique in the store.
  public var grouping: String
  /// What makes samples members of one group.
  public var spelling: GroupingSpelling
  /// What was chosen for this kind; `check` refuses choices that it does not take.
  public var choices: GroupingChoices

  public init(_ grouping: String, by spelling: GroupingSpelling, _ choices: GroupingChoices = GroupingChoices()) {
    self.grouping = grouping
    self.spelling = spelling
    self.choices = choices
  }

  /// Looks at the choices alone, without a store.
  /// - Throws: `cli.usage` for choices that the kind does not take, or that exclude each other.
  public func check() throws {
    if let objection = choices.objection(to: spelling.kind) { throw CohortError.usage(objection) }
  }

  /// Creates the grouping; its groups come with the next update.
  /// - Throws: `cli.usage`, `store.name`; `store.grouping-exists`, and what `GroupingJob.create` throws.
  public func run(on store: Store, _ control: JobControl) throws -> PlainReport {
    try NameRule.check(grouping, of: "grouping")
    try check()
    let made = try GroupingJob.create(store, name: grouping, by: spelling, choices) { space in
      try space.openEncoder(in: store, workers: control.workers)
    }
    var record: ReportRecord = [
      "grouping": .text(made.grouping.name), "id": .unsigned(UInt64(made.grouping.id.rawValue)),
      "by": .text(made.grouping.definition.text),
    ]
    for field in made.fields { record.append(field.name, ReportValue(field.value)) }
    return PlainReport(record, notes: try notes(made.grouping.definition, store))
  }

  /// What is most likely a typing error, and no error.
  private func notes(_ definition: GroupingDefinition, _ store: Store) throws -> [String] {
    guard let kind = definition.criterion as? AttributeKind else { return [] }
    let look = try store.read { try AttributeLook(for: kind.key, $0) }
    return look.warning(of: kind.key).map { [$0] } ?? []
  }
}

extension ReportValue {
  fileprivate init(_ value: GroupingField.Value) {
    self =
      switch value {
      case .text(let text): .text(text)
      case .number(let number): .unsigned(number)
      case .real(let number): .number(number)
      case .numbers(let numbers): .list(numbers.map { .unsigned($0) })
      }
  }
}
