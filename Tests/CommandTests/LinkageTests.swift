import Foundation
import Testing

#if os(Linux)
  /// The read path (`CohortReading`), and the library for other languages on it, need neither Foundation nor Swift's concurrency nor SQLite: small, quick to load, and
  /// usable after `fork`.
  @Suite struct LinkageTests {
    @Test(arguments: ["CohortReading", "CohortLibrary"])
    func theReadPathNeedsLittle(product: String) throws {
      try withProgram { program in
        let library = Program.executable("lib\(product).so").path
        // The tests' build makes it, too; not if only this target was built.
        try #require(
          FileManager.default.fileExists(atPath: library), "build it first: swift build --product \(product)")
        let dynamic = try program.shell("readelf -d '\(library)'")
        try #require(dynamic.status == 0, "\(dynamic)")
        let needed = dynamic.output.split(separator: "\n").filter { $0.contains("(NEEDED)") }.compactMap {
          $0.split(separator: "[").last?.split(separator: "]").first.map(String.init)
        }
        #expect(needed.contains { $0.hasPrefix("liblmdb") }, "\(needed)")
        let allowed = [
          "liblmdb.", "libxxhash.", "libzstd.", "libswiftCore.", "libswiftGlibc.", "libswiftSynchronization.",
          "libswift_Builtin_float.", "libc.", "libm.", "libgcc_s.", "libstdc++.", "libpthread.", "libdl.",
          "ld-linux", "libswiftSwiftOnoneSupport.",
          // Named by the compiler for every Swift module; no symbol of them is used, see below.
          "libswift_Concurrency.", "libswift_StringProcessing.", "libswift_RegexParser.",
        ]
        for name in needed { #expect(allowed.contains { name.hasPrefix($0) }, "\(name) is needed") }

        let symbols = try program.shell("nm -D --undefined-only '\(library)'")
        try #require(symbols.status == 0, "\(symbols)")
        #expect(symbols.output.contains("mdb_txn_begin"))
        // Mangled names of Foundation, Dispatch and Concurrency, and the C names of the latter and of SQLite.
        for word in [
          "10Foundation", "20FoundationEssentials", "8Dispatch", "dispatch_", "swift_task_", "swift_async",
          "_StringProcessing", "sqlite3_",
        ] {
          let found = symbols.output.split(separator: "\n").filter { $0.contains(word) }
          #expect(found.isEmpty, "\(word): \(found.prefix(3))")
        }
      }
    }
  }
#endif
