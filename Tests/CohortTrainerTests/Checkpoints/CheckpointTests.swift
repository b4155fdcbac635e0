import CohortCore
import CohortPlanning
import CohortTrainer
import Testing

@Suite struct CheckpointTests {
  private func checkpoint() throws -> Checkpoint {
    let keeper = MemoryKeeper()
    _ = try TrainingFixture.train(try TrainingFixture.plan(), epochs: 1, keeper: keeper)
    return try Checkpoint(decoding: try #require(keeper.kept.last))
  }

  @Test func bytesGiveTheSameCheckpoint() throws {
    let checkpoint = try checkpoint()
    #expect(checkpoint.progress.losses.groups.count == 3)
    #expect(try Checkpoint(decoding: checkpoint.encode()) == checkpoint)
  }

  /// The table in `Schemas/checkpoint.md`, byte by byte.
  @Test func layoutIsTheDocumentedOne() throws {
    let json =
      #"{"version":1,"store_id":"00000000000000030000000000000004","snapshot":"spring","plan_hash":""#
      + #"00000000000000000000000000000007","epoch":2,"step":9}"#
    let checkpoint = Checkpoint(
      cursor: try Cursor(json: json), progress: TrainingProgress(), learner: "reference", state: [1, 2, 3])
    var writer = ByteWriter()
    writer.raw(Array("CKPT".utf8))
    writer.raw([1, 0])
    writer.string(json)
    for _ in 0..<4 { writer.fixed(UInt64(0)) }
    writer.raw([0])
    writer.string("reference")
    writer.raw([3, 1, 2, 3])
    writer.fixed(XXH3.hash64(writer.bytes))
    #expect(checkpoint.encode() == writer.bytes)
    #expect(try Checkpoint(decoding: writer.bytes) == checkpoint)
  }

  @Test func damagedBytesAreRefused() throws {
    let bytes = try checkpoint().encode()
    var generator = SplitMix64(seed: 21)
    for turn in 0..<60 {
      var damaged = bytes
      let bit = Int.random(in: 0..<(bytes.count * 8), using: &generator)
      damaged[bit / 8] ^= 1 << (bit % 8)
      #expect("seed 21, turn \(turn)") { try Checkpoint(decoding: damaged) } throws: { error in
        (error as? CohortError)?.category == .corruption
      }
    }
    for count in [0, 5, 8, 200, bytes.count - 1] {
      #expect { try Checkpoint(decoding: Array(bytes.prefix(count))) } throws: { error in
        (error as? CohortError)?.category == .corruption
      }
    }
  }

  /// A checksum that fits does not make nonsense a checkpoint.
  @Test func checksummedNonsenseIsRefused() throws {
    let bytes = try checkpoint().encode()
    let sealed = { (change: (inout [UInt8]) -> Void) in resealed(bytes, change) }
    #expect { try Checkpoint(decoding: sealed { $0[4] = 2 }) } throws: { error in
      (error as? CohortError)?.code.name == "trainer.newer-format"
    }
    for change: (inout [UInt8]) -> Void in [{ $0[0] = 0 }, { $0.removeLast() }, { $0.append(0) }, { $0 = [] }] {
      #expect { try Checkpoint(decoding: sealed(change)) } throws: { error in
        (error as? CohortError)?.code.name == "trainer.unreadable"
      }
    }
    var generator = SplitMix64(seed: 22)
    for _ in 0..<300 {
      let place = Int.random(in: 6..<400, using: &generator)
      let value = UInt8.random(in: 0...255, using: &generator)
      _ = try? Checkpoint(decoding: sealed { $0[place] = value })
    }
  }
}
