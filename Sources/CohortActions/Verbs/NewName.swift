internal import CohortCore

/// A name that a user gives to something new: one that can be typed again and that a table can show. Names that are in a
/// store already may be anything.
package enum NewName {
  private static let longest = 200

  /// - Parameter kind: what gets the name, for the message.
  package static func check(_ name: String, of kind: String) throws {
    let isPrintable = name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    guard !name.isEmpty, name.utf8.count <= longest, isPrintable else {
      throw CohortError(
        .cliName, "This cannot be the name of a \(kind)",
        cause: name.isEmpty
          ? "it is empty" : isPrintable ? "it is longer than \(longest) bytes" : "it holds control characters",
        hint: "Choose a short name of printable characters")
    }
  }
}
