import CohortCore
import CohortLMDB
import CohortStore
import Foundation
import Testing
import CohortSystem
import CohortTesting

/// What a store says to folders and files that are not what they should be. Nothing is changed by a refusal.
@Suite struct OpeningTests {
  @Test func whatIsNoStoreIsNamed() throws {
    let folder = try TemporaryFolder()
    #expect(codeName { _ = try Store.open(at: folder.file("missing")) } == "store.no-store")
    try Data("text".utf8).write(to: URL(fileURLWithPath: folder.file("file")))
    #expect(codeName { _ = try Store.open(at: folder.file("file")) } == "store.no-store")
    #expect(codeName { _ = try Store.create(at: folder.file("file")) } == "store.not-a-folder")
    #expect(codeName { _ = try Store.create(at: folder.path) } == "store.not-empty")
    let empty = folder.file("empty")
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
    #expect(codeName { _ = try Store.open(at: empty, access: .owner(name: "t")) } == "store.no-store")
    try Data().write(to: URL(fileURLWithPath: empty + "/data.mdb"))
    #expect(codeName { _ = try Store.open(at: empty, access: .owner(name: "t")) } == "store.no-store")
    #expect(try FileManager.default.contentsOfDirectory(atPath: empty) == ["data.mdb"])
    // A creation that was cut short leaves nothing else.
    try Data("text".utf8).write(to: URL(fileURLWithPath: empty + "/catalog.sqlite"))
    #expect(codeName { _ = try Store.open(at: empty, access: .owner(name: "t")) } == "store.corrupted")
  }

  @Test func aStoreIsMadeOnce() throws {
    let folder = try TemporaryFolder()
    do { _ = try FormatStore(at: folder.file("s")) }
    #expect(codeName { _ = try Store.create(at: folder.file("s")) } == "store.exists")
    let store = try Store.open(at: folder.file("s"), access: .owner(name: "t"))
    #expect(try store.verify().isSound)
    #expect(codeName { try store.backup(to: folder.file("s")) } == "store.exists")
    #expect(try store.verify().isSound)
  }

  /// A creation that was killed leaves tables without a store in them, or an empty file.
  @Test func aKilledCreationIsCompleted() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("s")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try Data().write(to: URL(fileURLWithPath: path + "/data.mdb"))
    do { _ = try Store.create(at: path) }
    #expect(try Store.open(at: path).verify().isSound)

    let other = folder.file("t")
    try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
    do {
      var options = CohortLMDB.Environment.Options()
      options.createsTables = true
      _ = try EnvironmentRegistry.environment(
        at: other, tables: RawTables.names.map { TableDefinition($0.name, key: $0.key) }, options: options)
    }
    #expect(codeName { _ = try Store.open(at: other) } == "store.no-store")
    do { _ = try Store.create(at: other) }
    #expect(try Store.open(at: other).verify().isSound)
  }

  @Test func aNewerFormatAndAnUnknownFeatureAreRefused() throws {
    let folder = try TemporaryFolder()
    for (offset, expected) in [(8, "store.newer-format"), (13, "store.unknown-feature"), (20, nil)] {
      let path = folder.file("s\(offset)")
      do {
        let made = try FormatStore(at: path)
        // Bytes after the fields that are known belong to a newer version, too.
        try RawTables(at: path).change("meta", Array("format".utf8)) { value in
          value[offset] = 2
          if expected != nil { value += [1, 2, 3] }
          let checksum = XXH3.hash64(Array(value[8...])) ^ salt(1, XXH3.hash64(Array("format".utf8)))
          withUnsafeBytes(of: checksum.littleEndian) { value.replaceSubrange(0..<8, with: $0) }
        }
        withExtendedLifetime(made) {}
      }
      let before = try Data(contentsOf: URL(fileURLWithPath: path + "/data.mdb"))
      for access in [Store.Access.readOnly, .owner(name: "t"), .published] {
        // The counters are of the transaction before the change, which only a store that was let in can notice.
        if expected != nil { #expect(codeName { _ = try Store.open(at: path, access: access) } == expected) }
      }
      #expect(try Data(contentsOf: URL(fileURLWithPath: path + "/data.mdb")) == before)
    }
  }

  @Test func readersNeedNoRightToWrite() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("s")
    do { _ = try FormatStore(at: path) }
    let store = try Store.open(at: path)
    #expect(try store.read { try $0.counters.live } == 4)
    #expect(codeName { try store.write { _ in } } == "store.read-only")
    #expect(codeName { _ = try store.eraseRemains() } == "store.read-only")
    #expect(try store.repair(dryRun: true).isEmpty)
    #expect(codeName { _ = try Store.open(at: path, access: .owner(name: "t")) } == "lmdb.open-read-only")
  }

  /// A file system that nobody may write: reading works, writing says why it does not.
  @Test(.enabled(if: TemporaryDisk.isPossible, "\(TemporaryDisk.reason)"))
  func aReadOnlyFileSystemCanBeRead() throws {
    let folder = try TemporaryFolder()
    do { _ = try FormatStore(at: folder.file("s")) }
    let place = folder.file("mounted")
    let disk = try TemporaryDisk(readOnly: folder.file("s"), at: place)
    defer { disk.remove() }
    do {
      let store = try Store.open(at: place)
      #expect(try store.read { try $0.counters.live } == 4)
      #expect(try store.verify().isSound)
    }
    #expect(codeName { _ = try Store.open(at: place, access: .owner(name: "t")) } == "store.not-writable")
    #expect(try Store.open(at: place, access: .published).verify().isSound)
  }

  /// A disk of 4 MiB: what does not fit is refused as a whole, what is there stays, and room makes it go on.
  @Test(.enabled(if: TemporaryDisk.isPossible, "\(TemporaryDisk.reason)"))
  func aFullDiskLosesNothing() throws {
    let folder = try TemporaryFolder()
    let place = folder.file("disk")
    let disk = try TemporaryDisk(megabytes: 4, at: place)
    defer { disk.remove() }
    let store = try Store.create(at: place + "/s", owner: "t")
    var acknowledged: UInt64 = 0
    var refusal: String?
    for round in 0..<1000 where refusal == nil {
      var builder = SampleBatchBuilder()
      var generator = SplitMix64(seed: UInt64(round))
      for _ in 0..<200 {
        builder.add(
          prompt: "\(generator.next())\(generator.next())\(generator.next())", response: "\(generator.next())")
      }
      let prepared = builder.prepared
      refusal = codeName {
        acknowledged += try store.write { try $0.ingest(prepared, source: "s", origin: "") }.inserted
      }
    }
    #expect(refusal == "lmdb.disk-full")
    #expect(acknowledged > 0)
    #expect(try store.read { try $0.counters.live } == acknowledged)
    let report = try store.verify()
    #expect(report.isSound, "\(report.problems.prefix(3))")
    #expect(codeName { try store.backup(to: place + "/copy") } == "lmdb.disk-full")
    #expect(!FileManager.default.fileExists(atPath: place + "/copy/data.mdb"))

    try disk.resize(megabytes: 64)
    var builder = SampleBatchBuilder()
    for number in 0..<2000 { builder.add(prompt: "after \(number)", response: "\(number)") }
    let prepared = builder.prepared
    let added = try store.write { try $0.ingest(prepared, source: "s", origin: "") }.inserted
    #expect(added == 2000)
    #expect(try store.read { try $0.counters.live } == acknowledged + 2000)
    #expect(try store.verify().isSound)
  }
}
