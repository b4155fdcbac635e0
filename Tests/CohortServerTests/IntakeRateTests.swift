import CohortIngestion
import CohortPipeline
import CohortServer
import CohortStore
import CohortSystem
import CohortTesting
import Foundation
import Testing

/// How fast bodies are taken in, against the same text as one file: `COHORT_RATE_MB=64 swift test -c release --filter
/// IntakeRateTests` prints it.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["COHORT_RATE_MB"] != nil)) struct IntakeRateTests {
  private static let megabytes = Int(ProcessInfo.processInfo.environment["COHORT_RATE_MB"] ?? "") ?? 16

  /// Records of some hundred bytes, none twice.
  private static func text(_ bytes: Int) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(bytes + 1000)
    var random = TestRandom(seed: 7)
    var number = 0
    while text.count < bytes {
      number += 1
      let words = (0..<(10 + random.below(80))).map { _ in "w\(random.below(5000))" }.joined(separator: " ")
      text += Lines.one("question \(number) \(words.prefix(words.count / 3))", words).utf8
    }
    return text
  }

  /// Cuts at line ends.
  private static func pieces(_ text: [UInt8], of size: Int) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var start = 0
    while start < text.count {
      var end = min(start + size, text.count)
      while end > start + 1, end < text.count, text[end - 1] != 0x0a { end -= 1 }
      pieces.append(Array(text[start..<end]))
      start = end
    }
    return pieces
  }

  private func seconds(_ body: () async throws -> Void) async rethrows -> Double {
    let begun = ContinuousClock.now
    try await body()
    return (ContinuousClock.now - begun) / .seconds(1)
  }

  @Test func bodiesAreTakenInNearlyAsFastAsAFile() async throws {
    let folder = try TemporaryFolder()
    let text = Self.text(Self.megabytes << 20)
    let path = try folder.write("in.jsonl", text)
    var request = IngestRequest(paths: [path])
    request.options.workers = 2
    let file = try Store.create(at: folder.file("file"))
    var rows = 0
    let alone = await seconds { rows = Int((try? IngestJob.run(file, request).inserted) ?? 0) }
    print("file: \(Int(Double(rows) / alone)) rows/s, \(Self.megabytes) MiB in \(alone) s")
    request.paths = []
    for (name, size, clients) in [("8 MiB", 8 << 20, 2), ("1 MiB", (1 << 20), 4), ("64 KiB", 64 << 10, 8)] {
      let store = try Store.create(at: folder.file("store \(size)"))
      let intake = SampleIntake(IntakeHost(store, request))
      let pieces = Self.pieces(text, of: size)
      let inserted = Locked(0)
      let time = await seconds {
        await withTaskGroup(of: Void.self) { group in
          for client in 0..<clients {
            group.addTask {
              for number in stride(from: client, to: pieces.count, by: clients) {
                let count = await intake.send(SentBody(pieces[number]), piece: 64 << 10).count("inserted") ?? 0
                inserted.withLock { $0 += count }
              }
            }
          }
        }
      }
      intake.stop()
      #expect(inserted.withLock { $0 } == rows)
      let share = Int(100 * alone / time)
      print(
        "bodies of \(name), \(clients) clients: \(Int(Double(rows) / time)) rows/s, \(share) % of the file's, "
          + "\(intake.statistics.groups) groups")
    }
  }
}
