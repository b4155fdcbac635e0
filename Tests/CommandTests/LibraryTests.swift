import CohortTesting
import Foundation
import Testing

/// A program in C that uses every function of the library: it says no to what does not hold, and its answers are those of the
/// command line.
@Suite struct LibraryTests {
  private struct Step: Hashable {
    let epoch: Int
    let step: Int
    let ids: [Int]
  }

  @Test func aProgramInCReadsWhatTheCommandLineShows() throws {
    try withProgram { program in
      let samples = 300
      try program.write(
        (0..<samples).map { #"{"prompt":"question \#($0)","response":"answer \#($0)","kind":"t\#($0 % 3)"}"# + "\n" }
          .joined(),
        to: "in.jsonl")
      let made = try program.shell(
        """
        set -e; cohort init; cohort ingest in.jsonl --task-field kind; cohort grouping create tasks --by task; cohort update
        cohort snapshot create monday; cohort plan create first --snapshot monday --grouping tasks --batch-size 16
        cohort delete 3 7 --yes
        """)
      try #require(made.status == 0, "\(made)")
      let store = program.folder.appendingPathComponent("cohort").path
      let result = try program.run(
        Program.executable("library-program"), [store, "first", "tasks", "monday"], environment: [:])
      #expect(result.status == 0, "\(result)")
      let lines = result.output.split(separator: "\n").map { $0.split(separator: " ") }
      let read = lines.filter { $0[0] == "step" }.map { line in
        Step(epoch: Int(line[1]) ?? -1, step: Int(line[2]) ?? -1, ids: line[4...].compactMap { Int($0) })
      }
      var shown: [Step] = []
      for epoch in 0..<2 {
        let text = try program.cohort("plan", "show", "first", "--epoch", "\(epoch)", "--steps", "0..<1000", "--json")
        let steps = try text.jsonLines()
        shown += steps.map {
          Step(epoch: epoch, step: $0["step"] as? Int ?? -1, ids: $0["ids"] as? [Int] ?? [])
        }
      }
      #expect(read.count > 2 && read == shown)
      let texts = result.output.split(separator: "\n").filter { $0.hasPrefix("sample ") }
      #expect(
        texts.map { $0.split(separator: " ", maxSplits: 3)[3] } == [5, 0, 5].map { "question \($0)|answer \($0)" })
    }
  }

  /// The header, the list of exported names and the functions of the library say the same.
  @Test func theHeaderAndTheExportsNameTheSameFunctions() throws {
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { root.deleteLastPathComponent() }
    func names(_ path: String, _ pattern: Regex<(Substring, Substring)>) throws -> Set<Substring> {
      let text = try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
      return Set(text.matches(of: pattern).map { Substring(String($0.output.1)) })
    }
    let declared = try names("Sources/CCohort/include/cohort.h", /\n[a-z][a-z0-9_ ]*[ *](cohort_[a-z_]+)\(/)
    let exported = try names("Sources/CohortLibrary/exports.map", /\b(cohort_[a-z_]+);/)
    #expect(declared.count > 30 && declared == exported)
    var written: Set<Substring> = []
    for file in try FileManager.default.contentsOfDirectory(
      atPath: root.appendingPathComponent("Sources/CohortLibrary/Calls").path)
    {
      written.formUnion(try names("Sources/CohortLibrary/Calls/\(file)", /@c\((cohort_[a-z_]+)\)/))
    }
    #expect(written == declared)
  }
}
