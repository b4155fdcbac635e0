public import CohortCore
public import CohortStore

/// The files that a store needs beside its data: the models and tokenizers that its spaces and measures go on with. The
/// store knows the hash of each.
public enum NeededFiles {
  /// Reads them all.
  /// - Returns: an error for each that is gone, damaged or another one, with what to do about it.
  /// - Complexity: O(bytes of the files).
  public static func problems(in store: Store) throws -> [CohortError] {
    try ModelLibrary(store).problems() + LengthTokenizer.problems(in: store)
  }

  /// - Throws: `pipeline.incomplete-store`, about the first that is not as it should be.
  static func check(_ store: Store) throws {
    guard let problem = try problems(in: store).first else { return }
    throw CohortError(
      .pipelineIncompleteStore, "The store lacks what it goes on with, and so would its copy. \(problem.message)",
      place: problem.place, cause: problem.cause, hint: problem.hint)
  }
}
