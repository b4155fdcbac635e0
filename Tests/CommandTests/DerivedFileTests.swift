import CohortSystem
import CohortTesting
import Foundation
import Testing

/// The catalog and the full-text index as commands leave them: each page with its checksum, and mended by whoever meets damage.
@Suite struct DerivedFileTests {
  private static let pageBytes = 4096
  private static let entries = "SELECT count(*) AS n, sum(length(summary)) AS size FROM log"

  private static func prepared(_ program: Program) throws {
    try PipelineTests.prepared(program)
    let result = try program.shell("cohort update && cohort sql '\(entries)'")
    try #require(result.status == 0, "\(result)")
  }

  private static func path(_ program: Program, _ name: String) -> String {
    program.folder.appendingPathComponent("cohort/\(name)").path
  }

  private static func bytes(_ program: Program, _ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(fileURLWithPath: path(program, name))))
  }

  /// The checksum at the end of a page, as it is written down in words: 8 bytes at a time, and the page's number.
  private static func sum(_ page: ArraySlice<UInt8>, _ number: Int) -> UInt64 {
    func word(_ at: Int) -> UInt64 {
      (0..<8).reduce(0) { $0 | UInt64(page[page.startIndex + at + $1]) << UInt64(8 * $1) }
    }
    var hash = 0x9e37_79b9_7f4a_7c15 ^ (UInt64(number) &* 0xc2b2_ae3d_27d4_eb4f)
    for at in stride(from: 0, to: page.count - 8, by: 8) {
      hash = (hash ^ word(at)) &* 0x9fb2_1c65_1e98_df25
      hash ^= hash >> 29
    }
    hash = hash &* 0xd6e8_feb8_6659_fd93
    return hash ^ hash >> 32 ^ word(page.count - 8)
  }

  /// Pages whose checksum is wrong.
  private static func wrongPages(_ bytes: [UInt8]) -> [Int] {
    (0..<bytes.count / pageBytes).filter { number in
      sum(bytes[number * pageBytes..<(number + 1) * pageBytes], number) != 0
    }
  }

  /// Puts bytes in the place of a file that nobody has open.
  private static func put(_ bytes: [UInt8], _ program: Program, _ name: String) throws {
    for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path(program, name) + suffix) }
    try Data(bytes).write(to: URL(fileURLWithPath: path(program, name)))
  }

  /// One process writes the checksums, and another one looks at them.
  @Test(arguments: ["catalog.sqlite", "search.sqlite"])
  func everyPageHasAChecksumThatIsLookedAt(name: String) throws {
    try withProgram { program in
      try Self.prepared(program)
      let ask = {
        name == "catalog.sqlite"
          ? try program.cohort("sql", Self.entries, "--json")
          : try program.cohort("sample", "search", "question 42", "--limit", "300", "--json")
      }
      let answer = try ask()
      #expect(answer.status == 0 && answer.output.count > 10, "\(answer)")
      let sound = try Self.bytes(program, name)
      let pages = sound.count / Self.pageBytes
      #expect(sound[20] == 8 && pages > 5 && Self.wrongPages(sound).isEmpty, "\(pages) pages")
      for turn in 0..<4 {
        var bytes = sound
        // A bit of one page; a bit of each.
        for page in turn < 3 ? [turn * (pages - 1) / 2] : Array(0..<pages) {
          bytes[page * Self.pageBytes + 200 + turn * 700] ^= 1 << UInt8(turn)
        }
        try Self.put(bytes, program, name)
        let again = try ask()
        #expect(again.status == 0 && again.output == answer.output, "turn \(turn): \(again)")
        // A search reads a part of the pages; whoever brings the index forward reads them all in time.
        guard name == "catalog.sqlite" || turn == 0 || turn == 3 else { continue }
        let now = try Self.bytes(program, name)
        #expect(now != bytes && Self.wrongPages(now).isEmpty, "turn \(turn)")
      }
    }
  }

  /// A daemon that meets damage in the midst of its work makes the file anew, and says so.
  @Test func aDaemonMendsItsCatalog() throws {
    try withProgram { program in
      try Self.prepared(program)
      let expected = try program.cohort("sql", Self.entries, "--json").json() as? [[String: Int]]
      let door = try DoorProcess(program)
      try door.daemon.wait("the daemon keeps the catalog") {
        let descriptor = open(Self.path(program, "catalog.lock"), O_RDWR)
        defer { close(descriptor) }
        return descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) != 0
      }
      let sound = try Self.bytes(program, "catalog.sqlite")
      let file = try FileHandle(forUpdating: URL(fileURLWithPath: Self.path(program, "catalog.sqlite")))
      for page in 0..<sound.count / Self.pageBytes {
        try file.seek(toOffset: UInt64(page * Self.pageBytes + 3000))
        try file.write(contentsOf: [sound[page * Self.pageBytes + 3000] ^ 16])
      }
      try file.close()
      let expectedText = "\"n\":\(expected?.first?["n"] ?? -1)"
      // Until the daemon lends the catalog that it keeps, questions have one of their own.
      try door.daemon.wait("a question has met the damage") {
        let answer = try door.ask("POST", door.base + "/sql", body: #"{"sql":"\#(Self.entries)"}"#)
        #expect(answer.status == 200 && answer.text.contains(expectedText), "\(answer)")
        return try door.daemon.events("catalog").contains { $0["rebuilt"] != nil }
      }
      let news = try door.daemon.events("catalog").filter { $0["rebuilt"] != nil }
      #expect(news.count == 1 && news.first?["rebuilt"] as? String == "damaged", "\(door.daemon.log)")
      #expect(news.first?["level"] as? String == "warning", "\(door.daemon.log)")
      #expect(door.daemon.end() == 0, "\(door.daemon.log)")
      #expect(try Self.wrongPages(Self.bytes(program, "catalog.sqlite")).isEmpty)
      #expect(try program.cohort("sql", Self.entries, "--json").json() as? [[String: Int]] == expected)
    }
  }

  /// What was deleted is told, also where the words of it cannot be taken away.
  @Test(arguments: ["delete 1 --yes --erase", "compact"])
  func anIndexThatStaysHidesNoReport(command: String) throws {
    try withProgram { program in
      try Self.prepared(program)
      // Something that cannot be deleted as a file.
      let result = try program.shell(
        "rm -f cohort/search.sqlite-wal; mkdir cohort/search.sqlite-wal && cohort \(command) --json")
      #expect(result.status == 0, "\(result)")
      let record = try result.json() as? [String: Any]
      #expect((record?["deleted"] ?? record?["repacked"]) is Int, "\(result)")
      #expect(result.errors.contains("search.sqlite-wal"), "\(result)")
    }
  }
}
