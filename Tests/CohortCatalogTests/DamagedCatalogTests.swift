import CohortCatalog
import CohortCore
import CohortStore
import CohortTesting
import Foundation
import GRDB
import Testing

/// A catalog's file with pages that are zeroed, swapped, overwritten or changed in a bit: what is read is what the log says.
///
/// 60 damages; with `COHORT_TORTURE` set 2,000. `COHORT_SEED` replays.
@Suite struct DamagedCatalogTests {
  @Test func noDamageGivesAnotherAnswer() throws {
    let seed = Torture.seed
    let folder = try TemporaryFolder()
    let path = folder.file("s")
    var history = try StoreHistory(at: path, seed: 7)
    try history.steps(60)
    let digest = try { try Catalog(of: history.store).contentDigest() }()
    let file = URL(fileURLWithPath: path + "/" + Catalog.fileName)
    let sound = try Data(contentsOf: file)
    let pages = sound.count / 4096
    var (mended, same) = (0, 0)
    for number in 0..<Torture.cases(60, tortured: 2000) {
      var random = TestRandom(seed: seed &+ UInt64(number))
      var bytes = sound
      let (one, other) = (random.below(pages) * 4096, random.below(pages) * 4096)
      switch number % 6 {
      case 0: bytes.replaceSubrange(one..<one + 4096, with: Data(count: 4096))
      case 1:
        let (first, second) = (bytes[one..<one + 4096], bytes[other..<other + 4096])
        bytes.replaceSubrange(one..<one + 4096, with: second)
        bytes.replaceSubrange(other..<other + 4096, with: first)
      case 2: bytes.replaceSubrange(one..<one + 4096, with: (0..<4096).map { _ in UInt8(random.below(256)) })
      // Its end is gone, or only a part of its last page.
      case 3: bytes.removeLast(1 + random.below(number % 4 == 1 ? 4000 : sound.count - 1))
      default: bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8))
      }
      for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file.path + suffix) }
      try bytes.write(to: file)
      // For who only reads, and for who mends the file.
      for mayWrite in [false, true] {
        let catalog = try mayWrite ? Catalog(of: history.store) : Catalog(reading: history.store)
        #expect(try catalog.contentDigest() == digest, "seed \(seed), case \(number)")
        if catalog.opening.rebuilt != nil { mended += 1 } else { same += 1 }
      }
    }
    // Each page belongs to something; two that are swapped may be one.
    #expect(mended > same, "seed \(seed): \(mended) made anew, \(same) not")
  }

  /// A page as it was some time ago is whole by itself: its checksum is right.
  @Test(arguments: [false, true])
  func aPageOfAnEarlierTimeIsNoticed(relabels: Bool) throws {
    let seed = Torture.seed
    let folder = try TemporaryFolder()
    let path = folder.file("s")
    var history = try StoreHistory(at: path, seed: seed)
    history.relabels = relabels
    let file = URL(fileURLWithPath: path + "/" + Catalog.fileName)
    try history.steps(60)
    do { _ = try Catalog(of: history.store) }
    let older = try Data(contentsOf: file)
    try history.steps(60)
    let digest = try { try Catalog(of: history.store).contentDigest() }()
    // Sound, it is taken as it is: nothing contradicts itself.
    #expect(try Catalog(of: history.store).opening.rebuilt == nil, "seed \(seed)")
    let sound = try Data(contentsOf: file)
    // Which groupings a snapshot keeps is told by no other table.
    let root = try DatabaseQueue(path: file.path).read {
      try Int.fetchOne($0, sql: "SELECT rootpage FROM sqlite_schema WHERE name = 'snapshot_groupings'")
    }
    let untold = try #require(root) - 1
    var wrong: [Int] = []
    for page in 0..<min(older.count, sound.count) / 4096 where page != untold {
      let place = page * 4096..<page * 4096 + 4096
      var bytes = sound
      bytes.replaceSubrange(place, with: older[place])
      for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file.path + suffix) }
      try bytes.write(to: file)
      if try Catalog(reading: history.store).contentDigest() != digest { wrong.append(page) }
    }
    #expect(wrong == [], "seed \(seed), of \(sound.count / 4096) pages")
  }

  /// Not even a bit in a page that no check of SQLite's looks at.
  @Test func everyBitCounts() throws {
    let seed = Torture.seed
    var random = TestRandom(seed: seed)
    let folder = try TemporaryFolder()
    let path = folder.file("s")
    var history = try StoreHistory(at: path, seed: 8)
    try history.steps(30)
    let file = URL(fileURLWithPath: path + "/" + Catalog.fileName)
    for _ in 0..<30 {
      do { _ = try Catalog(of: history.store) }
      var bytes = try Data(contentsOf: file)
      let place = random.below(bytes.count)
      bytes[place] ^= 1 << UInt8(random.below(8))
      try bytes.write(to: file)
      #expect(try Catalog(of: history.store).opening.rebuilt != nil, "seed \(seed), byte \(place) of \(bytes.count)")
    }
  }
}
