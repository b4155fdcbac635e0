internal import CohortCore

/// What the name of something new may be: one that can be typed again and that a table can show. Names that are in a store
/// already may be anything, and sources and tasks are named by the data.
///
/// The store checks it where something gets a name; callers check it earlier where much work would come before.
public enum NameRule {
  /// The longest name in bytes of UTF-8.
  public static let longest = 200

  /// The longest name of a new source or task in bytes of UTF-8. They are named by the data, so that there is no rule but
  /// this one:
  /// a label is read in tables, and there may be many.
  public static let longestLabel = 1024

  /// Refuses what is too long for the name of a source or a task.
  /// - Throws: `store.name`.
  public static func checkLabel(_ name: String, of kind: String) throws {
    guard name.utf8.count > longestLabel else { return }
    throw CohortError(
      .storeName,
      "The name of a \(kind) is too long: it has \(name.utf8.count) bytes, and \(longestLabel) are possible",
      hint: "Choose a shorter name")
  }

  /// Refuses what cannot be a name.
  /// - Parameter kind: what gets the name, for the message.
  /// - Throws: `store.name` for an empty name, one of more than 200 bytes, and one with control characters.
  public static func check(_ name: String, of kind: String) throws {
    let isPrintable = name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    guard !name.isEmpty, name.utf8.count <= longest, isPrintable else {
      throw CohortError(
        .storeName, "This cannot be the name of a \(kind)",
        cause: name.isEmpty
          ? "it is empty" : isPrintable ? "it is longer than \(longest) bytes" : "it holds control characters",
        hint: "Choose a short name of printable characters")
    }
  }
}
