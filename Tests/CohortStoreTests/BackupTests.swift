import CohortCore
import CohortStore
import CohortTesting
import Foundation
import Testing

/// Copies that do not come to their end.
@Suite struct BackupTests {
  private struct Failure: Error {}

  private let folder: TemporaryFolder
  private let store: Store

  init() throws {
    folder = try TemporaryFolder()
    store = try Store.create(at: folder.file("store"))
  }

  private func entries(_ path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  private func addCompanions(_ folder: String) throws {
    let models = folder + "/models/m"
    try FileManager.default.createDirectory(atPath: models, withIntermediateDirectories: true)
    try Data("m".utf8).write(to: URL(fileURLWithPath: models + "/config.json"))
    try Data("t".utf8).write(to: URL(fileURLWithPath: folder + "/tokenizer.json"))
  }

  @Test func whatBelongsBesideTheDataIsThereWhenTheCopyIs() throws {
    let copy = folder.file("copy")
    try store.backup(to: copy) { parts in
      try addCompanions(parts)
      #expect(throws: CohortError.self, "not a store yet") { _ = try Store.open(at: copy) }
      #expect(try Store.open(at: parts).id == store.id)
    }
    #expect(entries(copy) == ["data.mdb", "models", "tokenizer.json"])
    #expect(FileManager.default.fileExists(atPath: copy + "/models/m/config.json"))
    #expect(try Store.open(at: copy).id == store.id)
    #expect(throws: CohortError.self) { try store.backup(to: copy) }
    #expect(try Store.open(at: copy).verify().isSound)
  }

  @Test func aFailedCopyLeavesNothing() throws {
    let copy = folder.file("copy")
    for isThere in [false, true] {
      if isThere { try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true) }
      #expect(throws: Failure.self) {
        try store.backup(to: copy) { parts in
          try addCompanions(parts)
          throw Failure()
        }
      }
      #expect(FileManager.default.fileExists(atPath: copy) == isThere && entries(copy).isEmpty)
    }
    try store.backup(to: copy)
    #expect(entries(copy) == ["data.mdb"])
  }

  /// Killed at any point, the folder is no store, and the next copy needs no help.
  @Test func aKilledCopyIsClearedByTheNext() throws {
    let copy = folder.file("copy")
    for moved in 0...2 {
      try addCompanions(copy + "/.unfinished")
      try Data("half".utf8).write(to: URL(fileURLWithPath: copy + "/.unfinished/data.mdb"))
      for name in ["models", "tokenizer.json"].prefix(moved) {
        try FileManager.default.moveItem(atPath: "\(copy)/.unfinished/\(name)", toPath: "\(copy)/\(name)")
      }
      #expect { _ = try Store.open(at: copy) } throws: { ($0 as? CohortError)?.code.name == "store.no-store" }
      try store.backup(to: copy)
      #expect(entries(copy) == ["data.mdb"], "\(moved)")
      #expect(try Store.open(at: copy).verify().isSound)
      try FileManager.default.removeItem(atPath: copy)
    }
  }

  /// Only what a copy left is cleared.
  @Test func othersFilesAreNotTouched() throws {
    let copy = folder.file("copy")
    try addCompanions(copy)
    #expect { try store.backup(to: copy) } throws: { ($0 as? CohortError)?.code.name == "store.not-empty" }
    #expect(entries(copy) == ["models", "tokenizer.json"])
  }
}
