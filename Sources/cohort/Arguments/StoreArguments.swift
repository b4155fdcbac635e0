import ArgumentParser
import CohortCore
import CohortStore

/// A length unit by its name.
struct LengthUnitArgument: ExpressibleByArgument, Sendable {
  let unit: LengthUnit

  init(_ unit: LengthUnit) { self.unit = unit }

  init?(argument: String) {
    guard let unit = LengthUnit(name: argument) else { return nil }
    self.unit = unit
  }

  static var allValueStrings: [String] { LengthUnit.allCases.map(\.name) }
  var defaultValueDescription: String { unit.name }
}

/// A length unit that is counted from a sample's texts, by its name.
struct CountedUnitArgument: ExpressibleByArgument, Sendable {
  let unit: LengthUnit

  init?(argument: String) {
    guard let unit = LengthUnit(name: argument), unit != .field else { return nil }
    self.unit = unit
  }

  static var allValueStrings: [String] { LengthUnit.allCases.filter { $0 != .field }.map(\.name) }
}

/// A scope of duplicates by its name.
struct DedupeScopeArgument: ExpressibleByArgument, Sendable {
  let scope: DedupeScope

  init(_ scope: DedupeScope) { self.scope = scope }

  init?(argument: String) {
    guard let scope = DedupeScope(name: argument) else { return nil }
    self.scope = scope
  }

  static var allValueStrings: [String] { DedupeScope.allCases.map(\.name) }
  var defaultValueDescription: String { scope.name }
}

/// Which text of a sample is embedded.
struct EmbeddedTextArgument: ExpressibleByArgument, Sendable {
  let text: EmbeddedText

  init(_ text: EmbeddedText) { self.text = text }

  init?(argument: String) {
    guard let text = EmbeddedText.allCases.first(where: { $0.name == argument }) else { return nil }
    self.text = text
  }

  static var allValueStrings: [String] { EmbeddedText.allCases.map(\.name) }
  var defaultValueDescription: String { text.name }
}

/// A kind of log entries by its name.
struct LogKindArgument: ExpressibleByArgument, Sendable {
  let kind: LogKind

  init?(argument: String) {
    guard let kind = LogKind.allCases.first(where: { $0.name == argument }) else { return nil }
    self.kind = kind
  }

  static var allValueStrings: [String] { LogKind.allCases.map(\.name) }
}
