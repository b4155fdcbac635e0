public import CohortStore

/// Copies a store with its models and tokenizers.
public enum BackupJob {
  /// Copies one consistent state into a folder, which must not exist or be empty, while readers and the writer go on.
  ///
  /// When this returns, the copy is durable and whole: every model and tokenizer that it needs was read in it. When it
  /// throws, or is killed, there is no store in the folder.
  /// - Throws: `pipeline.incomplete-store`, before anything is made; what `Store.backup` throws.
  public static func run(_ store: Store, to destination: String) throws {
    try NeededFiles.check(store)
    try store.backup(to: destination) { folder in
      try ModelLibrary(store).copy(toStore: folder)
      let copy = try Store.open(at: folder)
      try LengthTokenizer.copyAll(of: store, to: copy)
      // What was added meanwhile, and whether it was written as it was read.
      try NeededFiles.check(copy)
    }
  }
}
