internal import CohortCore
internal import Foundation

/// A small file that a request carries as a text, for actions that take a path. It is gone when the action is done.
enum GivenFile {
  /// Runs `body` with the path of a file that holds `text`; with nil where there is none.
  /// - Parameters:
  ///   - parameter: errors that name the file name this instead: nobody else knows the path.
  ///   - kind: how the file's name ends.
  /// - Throws: `cli.given-file` where it cannot be written; what `body` throws.
  static func with<R>(
    _ text: String?, of parameter: String, kind: String, _ body: (String?) throws -> R
  ) throws -> R {
    guard let text else { return try body(nil) }
    let manager = FileManager.default
    let folder = manager.temporaryDirectory.appendingPathComponent("cohort-\(UUID().uuidString)")
    let file = folder.appendingPathComponent("\(parameter).\(kind)")
    defer { try? manager.removeItem(at: folder) }
    do {
      try manager.createDirectory(
        at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      try Data(text.utf8).write(to: file)
    } catch {
      throw CohortError(
        .cliGivenFile, "The text of '\(parameter)' cannot be kept while it is read", place: folder.path,
        cause: error.localizedDescription)
    }
    do {
      return try body(file.path)
    } catch var error as CohortError {
      func named(_ text: String) -> String { text.replacingOccurrences(of: file.path, with: parameter) }
      error.message = named(error.message)
      error.place = error.place.map(named)
      error.cause = error.cause.map(named)
      error.hint = error.hint.map(named)
      throw error
    }
  }
}
