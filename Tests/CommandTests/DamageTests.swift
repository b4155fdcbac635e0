import CohortTesting
import Foundation
import Synchronization
import Testing

/// A store's file with bits flipped, bytes changed, sectors and pages zeroed, headers and offsets of pages damaged, its end
/// cut off: every command either gives what it gave before, or fails. Never another answer.
///
/// 300 damages; with `COHORT_TORTURE` set 300,000. `COHORT_SEED` replays.
@Suite struct DamageTests {
  private static let seed = Torture.seed
  private static let cases = Torture.cases(300, tortured: 300_000)
  private static let workers = 4

  private static let data = Checkout.quickstartData

  /// What reads the samples, the snapshot and its plan, the groups, the log, and everything.
  private static let commands = [
    ["export", "--snapshot", "v1", "--as", "messages", "-"],
    ["plan", "show", "p", "--epoch", "0", "--steps", "0..<1000", "--json"],
    ["group", "list", "--grouping", "near", "--json"],
    ["log", "--json"],
    ["verify", "--json"],
  ]

  @Test func noDamageGivesAnotherAnswer() throws {
    try withProgram { program in
      for words in [
        ["init"], ["ingest", "\(Self.data)/gsm8k", "--embeddings", "\(Self.data)/gsm8k.npy"],
        ["grouping", "create", "near", "--by", "embedding", "--groups", "8"], ["update"],
        ["snapshot", "create", "v1"],
        ["plan", "create", "p", "--snapshot", "v1", "--grouping", "near", "--batch-size", "16", "--seed", "3"],
      ] {
        try #require(try Self.run(program, "whole", words).status == 0, "\(words)")
      }
      let whole = try Self.commands.map { try Self.run(program, "whole", $0) }
      for (result, words) in zip(whole, Self.commands) { try #require(result.status == 0, "\(words): \(result)") }
      let file = try DamagedFile(Data(contentsOf: program.folder.appendingPathComponent("whole/data.mdb")))
      let tally = Mutex(Tally())
      let next = Atomic(0)
      TestThreads.run(Self.workers) { worker in
        while true {
          let number = next.add(1, ordering: .relaxed).oldValue
          guard number < Self.cases else { return }
          do {
            let place = "damaged-\(worker)"
            var random = TestRandom(seed: Self.seed &+ UInt64(number))
            let (bytes, what) = file.damaged(&random)
            try Self.write(bytes, program, place)
            // One command each, and the verification of everything.
            let command = Int(random.next() % UInt64(Self.commands.count - 1))
            for index in [command, Self.commands.count - 1] {
              let result = try Self.run(program, place, Self.commands[index])
              tally.withLock {
                $0.add(result, whole[index], "seed \(Self.seed), case \(number), \(what): \(Self.commands[index])")
              }
            }
          } catch {
            tally.withLock { $0.wrong.append("case \(number): \(error)") }
          }
        }
      }
      tally.withLock { tally in
        for wrong in tally.wrong { Issue.record("\(wrong)") }
        // Damage that nobody notices lies in free pages.
        #expect(tally.failed > Self.cases / 4, "seed \(Self.seed): \(tally)")
        // LMDB checks little, and what it then does is a signal; the program makes an exit code and a place of it.
        #expect(tally.ended == 0, "seed \(Self.seed): \(tally)")
      }
    }
  }

  private static func run(_ program: Program, _ store: String, _ words: [String]) throws -> Program.Result {
    let quoted = words.map { "'\($0)'" }.joined(separator: " ")
    return try program.shell("exec cohort \(quoted)", environment: ["COHORT_STORE": store])
  }

  private static func write(_ bytes: Data, _ program: Program, _ store: String) throws {
    let folder = program.folder.appendingPathComponent(store)
    try? FileManager.default.removeItem(at: folder)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try bytes.write(to: folder.appendingPathComponent("data.mdb"))
  }
}

/// What came of the commands.
private struct Tally {
  var same = 0
  var failed = 0
  var ended = 0
  var wrong: [String] = []

  mutating func add(_ result: Program.Result, _ whole: Program.Result, _ what: String) {
    if result.isSignal {
      ended += 1
    } else if result.status == 0 {
      if result.output == whole.output { same += 1 } else { wrong.append("another answer: \(what)") }
    } else if result.status == 4 {
      failed += 1
    } else {
      wrong.append("\(what): \(result)")
    }
  }
}

/// The bytes of an LMDB file, and ways to damage them.
private struct DamagedFile: Sendable {
  private static let pageSize = 4096
  private let bytes: Data
  /// Pages of trees: their headers, offsets and nodes are what LMDB believes without a check.
  private let treePages: [Int]

  init(_ bytes: Data) {
    self.bytes = bytes
    treePages = (0..<(bytes.count / Self.pageSize)).filter { page in
      let flags = Self.word(bytes, page * Self.pageSize + 10)
      return flags == 1 || flags == 2 || flags == 8
    }
  }

  func damaged(_ random: inout TestRandom) -> (bytes: Data, what: String) {
    var bytes = bytes
    let place = random.below(bytes.count)
    switch random.below(6) {
    case 0:
      bytes[place] ^= 1 << UInt8(random.below(8))
      return (bytes, "bit of byte \(place)")
    case 1:
      bytes[place] = UInt8(random.below(256))
      return (bytes, "byte \(place)")
    case 2:
      let start = place & ~511
      bytes.replaceSubrange(start..<min(start + 512, bytes.count), with: repeatElement(0, count: 512))
      return (bytes, "sector at \(start)")
    case 3:
      let start = place & ~(Self.pageSize - 1)
      bytes.replaceSubrange(start..<(start + Self.pageSize), with: repeatElement(0, count: Self.pageSize))
      return (bytes, "page at \(start)")
    case 4 where random.below(4) == 0:
      return (bytes.prefix(place), "cut at \(place)")
    default:
      let byte = structure(&random)
      bytes[byte] ^= 1 << UInt8(random.below(8))
      return (bytes, "structure, bit of byte \(byte)")
    }
  }

  /// A byte of a page's header, of its offsets, or of a node's header and key.
  private func structure(_ random: inout TestRandom) -> Int {
    let page = treePages[random.below(treePages.count)] * Self.pageSize
    let lower = Int(Self.word(bytes, page + 12))
    guard lower > 16, lower <= Self.pageSize else { return page + random.below(160) }
    switch random.below(3) {
    case 0: return page + random.below(16)
    case 1: return page + 16 + random.below(lower - 16)
    default:
      let node = Int(Self.word(bytes, page + 16 + 2 * random.below((lower - 16) / 2)))
      return page + min(node + random.below(24), Self.pageSize - 1)
    }
  }

  private static func word(_ bytes: Data, _ at: Int) -> UInt16 { UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8 }
}
