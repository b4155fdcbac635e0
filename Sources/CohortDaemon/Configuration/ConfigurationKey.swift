/// One key of a table of the configuration: what it takes, where it goes, and whether a reload takes it over.
///
/// The lists of keys (`InboxConfiguration.keys` and the like) are all that reading, printing, comparing and the JSON Schema
/// know about the settings.
package struct ConfigurationKey<Table: Sendable>: Sendable {
  package let name: String
  package let form: ConfigurationForm
  /// False for what only a restart changes.
  package let isLive: Bool
  /// What it says, in a sentence: the schema's description.
  package let meaning: String
  /// Nil where nothing is said.
  let value: @Sendable (Table) -> ConfigurationValue?
  /// Sets what was checked against `form`; nil sets nothing.
  let set: @Sendable (inout Table, ConfigurationValue?) -> Void

  /// Takes the value of another table over.
  func copy(from other: Table, to table: inout Table) { set(&table, value(other)) }

  private init(
    _ name: String, _ form: ConfigurationForm, live: Bool, _ meaning: String,
    value: @escaping @Sendable (Table) -> ConfigurationValue?,
    set: @escaping @Sendable (inout Table, ConfigurationValue?) -> Void
  ) {
    (self.name, self.form, isLive, self.meaning, self.value, self.set) = (name, form, live, meaning, value, set)
  }
}

extension ConfigurationKey {
  package init(
    _ name: String, _ path: any WritableKeyPath<Table, String> & Sendable, as form: ConfigurationForm = .text,
    live: Bool = true, _ meaning: String
  ) {
    self.init(name, form, live: live, meaning) {
      .text($0[keyPath: path])
    } set: { table, value in
      if case .text(let text) = value { table[keyPath: path] = text }
    }
  }

  package init(
    _ name: String, _ path: any WritableKeyPath<Table, String?> & Sendable, as form: ConfigurationForm = .text,
    live: Bool = true, _ meaning: String
  ) {
    self.init(name, form, live: live, meaning) {
      $0[keyPath: path].map { .text($0) }
    } set: { table, value in
      if case .text(let text) = value { table[keyPath: path] = text } else { table[keyPath: path] = nil }
    }
  }

  package init(
    _ name: String, _ path: any WritableKeyPath<Table, Int> & Sendable, _ range: ClosedRange<Int>, live: Bool = true,
    _ meaning: String
  ) {
    self.init(name, .integer(range), live: live, meaning) {
      .integer($0[keyPath: path])
    } set: { table, value in
      if case .integer(let number) = value { table[keyPath: path] = number }
    }
  }

  package init(
    _ name: String, _ path: any WritableKeyPath<Table, Int?> & Sendable, _ range: ClosedRange<Int>, live: Bool = true,
    _ meaning: String
  ) {
    self.init(name, .integer(range), live: live, meaning) {
      $0[keyPath: path].map { .integer($0) }
    } set: {
      if case .integer(let number) = $1 { $0[keyPath: path] = number } else { $0[keyPath: path] = nil }
    }
  }

  package init(
    _ name: String, _ path: any WritableKeyPath<Table, Double> & Sendable, _ range: ClosedRange<Double>,
    live: Bool = true, _ meaning: String
  ) {
    self.init(name, .seconds(range), live: live, meaning) {
      .seconds($0[keyPath: path])
    } set: { table, value in
      if case .seconds(let number) = value { table[keyPath: path] = number }
    }
  }

  package init(
    _ name: String, _ path: any WritableKeyPath<Table, Bool> & Sendable, live: Bool = true, _ meaning: String
  ) {
    self.init(name, .boolean, live: live, meaning) {
      .boolean($0[keyPath: path])
    } set: { table, value in
      if case .boolean(let flag) = value { table[keyPath: path] = flag }
    }
  }

  package init(
    _ name: String, _ path: any WritableKeyPath<Table, [String]> & Sendable, as form: ConfigurationForm = .texts,
    live: Bool = true, _ meaning: String
  ) {
    self.init(name, form, live: live, meaning) {
      .texts($0[keyPath: path])
    } set: { table, value in
      if case .texts(let texts) = value { table[keyPath: path] = texts }
    }
  }

  package init<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ path: any WritableKeyPath<Table, Choice> & Sendable, live: Bool = true, _ meaning: String
  ) {
    let form = ConfigurationForm.choice(Choice.allCases.map(\.rawValue))
    self.init(name, form, live: live, meaning) {
      .text($0[keyPath: path].rawValue)
    } set: { table, value in
      if case .text(let text) = value, let choice = Choice(rawValue: text) { table[keyPath: path] = choice }
    }
  }

  package init<Choice: RawRepresentable<String> & CaseIterable & Sendable>(
    _ name: String, _ path: any WritableKeyPath<Table, Choice?> & Sendable, live: Bool = true, _ meaning: String
  ) {
    let form = ConfigurationForm.choice(Choice.allCases.map(\.rawValue))
    self.init(name, form, live: live, meaning) {
      $0[keyPath: path].map { .text($0.rawValue) }
    } set: { table, value in
      if case .text(let text) = value {
        table[keyPath: path] = Choice(rawValue: text)
      } else {
        table[keyPath: path] = nil
      }
    }
  }
}
