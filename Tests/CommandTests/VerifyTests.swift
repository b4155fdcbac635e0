import CohortTesting
import Foundation
import Testing

@Suite struct VerifyTests {
  @Test func aSoundStoreIsSound() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let result = try program.cohort("verify", "--json")
      #expect(result.status == 0, "\(result)")
      let report = try #require(try result.json() as? [String: Any])
      #expect(report["sound"] as? Bool == true)
      #expect(report["problem_count"] as? Int == 0)
      let tables = try #require(report["tables"] as? [[String: Any]])
      #expect(tables.contains { $0["table"] as? String == "samples" && $0["records"] as? Int == 300 })
      for arguments in [["verify"], ["verify", "--repair", "--dry-run"], ["verify", "--repair"]] {
        let again = try program.shell("cohort \(arguments.joined(separator: " "))")
        #expect(again.status == 0, "\(again)")
        #expect(again.output.contains("sound"))
      }
      #expect(try program.cohort("verify", "--dry-run").status == 2)
      #expect(try program.cohort("verify", "--store", "nowhere").status == 3)
    }
  }

  /// Whatever is damaged: never a crash of the command, never another exit code, and the damage is found.
  @Test func damageIsReportedAndNeverEndsTheCommand() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let file = program.folder.appendingPathComponent("cohort/data.mdb")
      let sound = try Data(contentsOf: file)
      let pages = sound.count / 4096
      let seed = Torture.seed
      var random = TestRandom(seed: seed)
      var found = 0
      for round in 0..<24 {
        var damaged = sound
        // Half of the rounds hit the headers of pages, where LMDB itself looks.
        for _ in 0..<12 {
          let page = Int.random(in: 2..<pages, using: &random)
          let offset = Int.random(in: 0..<(round % 2 == 0 ? 16 : 4096), using: &random)
          damaged[page * 4096 + offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
        try damaged.write(to: file)
        let result = try program.cohort("verify", "--json")
        #expect([0, 4].contains(result.status) && !result.isSignal, "seed \(seed), round \(round): \(result)")
        if result.status == 4 {
          found += 1
          #expect(try result.error()["category"] as? String == "corruption", "seed \(seed), round \(round)")
        }
      }
      // Pages that are free may be damaged without harm.
      #expect(found >= 12, "seed \(seed): found \(found) of 24")
    }
  }

  /// A store whose identity cannot be found is a damaged one: nobody may take the folder for an empty one.
  @Test func aStoreWithoutItsIdentityIsDamaged() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let file = program.folder.appendingPathComponent("cohort/data.mdb")
      var bytes = try Data(contentsOf: file)
      // The size of the key, and the key.
      let key = Data([6, 0] + "format".utf8)
      var hits = 0
      while let place = bytes.range(of: key) {
        bytes[place.lowerBound + 2] = UInt8(ascii: "g")
        hits += 1
      }
      try #require(hits > 0)
      try bytes.write(to: file)
      for command in ["info", "verify", "update"] {
        let result = try program.cohort(command, "--json")
        #expect(result.status == 4, "\(command): \(result)")
      }
      #expect(try program.cohort("init").status == 2)
    }
  }
}
