import CohortCore
import CohortLMDB
import CohortTesting
import Foundation
import Testing

/// An environment whose files are not where they were: nothing is committed into them any more.
@Suite struct OpenPlaceTests {
  private enum Way: CaseIterable { case deleted, replaced, moved, dataOnly, lockOnly }

  private static func take(_ path: String, _ way: Way) throws {
    let files = FileManager.default
    switch way {
    case .deleted: try files.removeItem(atPath: path)
    case .replaced:
      try files.copyItem(atPath: path, toPath: path + "-copy")
      try files.removeItem(atPath: path)
      try files.moveItem(atPath: path + "-copy", toPath: path)
    case .moved: try files.moveItem(atPath: path, toPath: path + "-moved")
    case .dataOnly, .lockOnly:
      let name = path + (way == .dataOnly ? "/data.mdb" : "/lock.mdb")
      try files.copyItem(atPath: name, toPath: name + ".copy")
      try files.removeItem(atPath: name)
      try files.moveItem(atPath: name + ".copy", toPath: name)
    }
  }

  @Test(arguments: Way.allCases) private func nothingIsCommittedIntoFilesThatAreNotInTheirPlace(way: Way) throws {
    let parent = try TemporaryFolder()
    let path = parent.file("s")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let folder = try EnvironmentFolder()
    let environment = try folder.open(at: path)
    let writer = WriterThread()
    defer { writer.stop() }
    try environment.put(1, size: 10, byte: 1, with: writer)
    try environment.checkPlace()
    try Self.take(path, way)
    let error = #expect(throws: CohortError.self) { try environment.put(2, size: 10, byte: 2, with: writer) }
    #expect(error?.code == .lmdbReplaced && error?.category == .temporary && error?.cause?.isEmpty == false)
    #expect(throws: CohortError.self) { try environment.checkPlace() }
    // What was open can be read, as it was.
    #expect(try environment.value(1) == [UInt8](repeating: 1, count: 10) && environment.value(2) == nil)
    #expect(throws: CohortError.self) { try environment.reopen() }
  }

  /// In the midst of a transaction, before its commit.
  @Test func aTransactionThatBeganBeforeIsUndone() throws {
    let parent = try TemporaryFolder()
    let path = parent.file("s")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let folder = try EnvironmentFolder()
    let environment = try folder.open(at: path)
    let writer = WriterThread()
    defer { writer.stop() }
    let error = #expect(throws: CohortError.self) {
      try writer.perform {
        try environment.write { transaction in
          try [UInt8](repeating: 7, count: 5).withUnsafeBytes {
            try transaction.put(environment.table("numbers"), 7, $0)
          }
          try Self.take(path, .moved)
        }
      }
    }
    #expect(error?.code == .lmdbReplaced)
    try FileManager.default.moveItem(atPath: path + "-moved", toPath: path)
    try environment.checkPlace()
    #expect(try environment.value(7) == nil)
    try environment.put(8, size: 5, byte: 8, with: writer)
    #expect(try environment.value(8)?.count == 5)
  }

  /// The number of a folder is given again at once: what is opened there is the new one.
  @Test func whatIsThereNowCanBeOpenedBesideTheOldFiles() throws {
    let parent = try TemporaryFolder()
    let path = parent.file("s")
    let folder = try EnvironmentFolder()
    let writers = [WriterThread(), WriterThread()]
    defer { for writer in writers { writer.stop() } }
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let old = try folder.open(at: path)
    try old.put(1, size: 3, byte: 1, with: writers[0])
    // Within the same folder, so that its number is the same for sure.
    for name in try FileManager.default.contentsOfDirectory(atPath: path) {
      try FileManager.default.removeItem(atPath: path + "/" + name)
    }
    let new = try folder.open(at: path)
    #expect(old !== new)
    #expect(try new.value(1) == nil)
    try new.put(2, size: 3, byte: 2, with: writers[1])
    #expect(try new.value(2)?.count == 3 && old.value(2) == nil && old.value(1)?.count == 3)
    #expect(throws: CohortError.self) { try old.put(3, size: 3, byte: 3, with: writers[0]) }
    let again = try folder.open(at: path)
    #expect(again === new)
  }
}
