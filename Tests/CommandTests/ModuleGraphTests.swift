import CohortTesting
import Foundation
import Testing

/// The sources keep to their layers, and `Tools/module-graph`, which says so, does notice what does not.
@Suite struct ModuleGraphTests {
  private static let root = Checkout.root

  /// Runs the script from the root of the repository. `HOME` is the user's: some installations of Python lie below it.
  private static func graph(_ arguments: String, _ program: Program) throws -> Program.Result {
    try program.shell(
      "cd '\(root.path)' && python3 Tools/module-graph \(arguments)",
      environment: ProcessInfo.processInfo.environment.filter { $0.key == "HOME" })
  }

  @Test func sourcesKeepToTheirLayers() throws {
    try withProgram { program in
      let result = try Self.graph("--check", program)
      #expect(result.status == 0, "\(result)")
    }
  }

  @Test func theDocumentShowsTheGraph() throws {
    try withProgram { program in
      let result = try Self.graph("--markdown", program)
      try #require(result.status == 0, "\(result)")
      let document = try String(contentsOf: Self.root.appendingPathComponent("Docs/architecture.md"), encoding: .utf8)
      #expect(
        document.contains("<!-- module graph -->\n\(result.output)<!-- end -->\n"),
        "write it anew: Tools/module-graph --update\n\(result.output)")
    }
  }

  @Test func aTreeInOrderPasses() throws {
    try withProgram { program in
      try FakeTree().write(into: program)
      let result = try Self.graph("--check --root '\(program.folder.path)'", program)
      #expect(result.status == 0 && result.output == "10 modules, no violations\n", "\(result)")
    }
  }

  @Test func drawingsShowModulesAndImports() throws {
    try withProgram { program in
      try FakeTree().write(into: program)
      let text = try Self.graph("--root '\(program.folder.path)'", program)
      #expect(text.output.contains("\n5  CohortCatalog         3  CohortStore CohortCore | GRDB\n"), "\(text)")
      let dot = try Self.graph("--dot --root '\(program.folder.path)'", program)
      #expect(dot.output.contains("\"CohortStore\" -> \"CohortLMDB\";"), "\(dot)")
      let table = try Self.graph("--markdown --root '\(program.folder.path)'", program)
      #expect(table.output.contains("`CohortStore` `CohortCore` | `GRDB` |\n"), "\(table)")
    }
  }

  /// What is changed in a tree in order, and all that is to be found then.
  struct Harm: CustomTestStringConvertible {
    let testDescription: String
    /// Files that are added, by path.
    let files: [String: String]
    /// Dependencies that are added to a target.
    var declared: [String: String] = [:]
    let found: [String]
  }

  @Test(arguments: harms)
  func eachViolationIsNamedWithItsPlace(harm: Harm) throws {
    try withProgram { program in
      var tree = FakeTree()
      tree.files.merge(harm.files) { $1 }
      for (target, dependency) in harm.declared { tree.declare(dependency, in: target) }
      try tree.write(into: program)
      let result = try Self.graph("--check --root '\(program.folder.path)'", program)
      #expect(result.status == 1, "\(result)")
      #expect(result.output.split(separator: "\n").dropLast().map(String.init) == harm.found, "\(result)")
    }
  }

  static let harms: [Harm] = [
    Harm(
      testDescription: "upward",
      files: ["Sources/CohortLMDB/More.swift": "\npublic import CohortClustering\n"],
      declared: ["CohortLMDB": "CohortClustering"],
      found: ["Sources/CohortLMDB/More.swift:2: upward: CohortLMDB imports CohortClustering, from layer 1 to 2"]),
    Harm(
      testDescription: "sideways, under a condition",
      files: ["Sources/CohortStore/More.swift": "#if os(Linux)\n  @_exported import struct CohortClustering.X\n#endif"],
      declared: ["CohortStore": "CohortClustering"],
      found: ["Sources/CohortStore/More.swift:2: sideways: CohortStore imports CohortClustering, from layer 2 to 2"]),
    Harm(
      testDescription: "imports of the read path",
      files: [
        "Sources/CohortCore/More.swift": """
        @preconcurrency
        internal import Foundation
        import Dispatch; import NIOCore
        """,
        "Sources/CohortStore/More.swift": """
        import _Concurrency
        package import func FoundationEssentials.f
        import GRDB
        """,
      ],
      found: [
        "Sources/CohortCore/More.swift:2: read path: CohortCore imports Foundation",
        "Sources/CohortCore/More.swift:3: read path: CohortCore imports Dispatch",
        "Sources/CohortCore/More.swift:3: read path: CohortCore imports NIOCore",
        "Sources/CohortStore/More.swift:1: read path: CohortStore imports _Concurrency",
        "Sources/CohortStore/More.swift:2: read path: CohortStore imports FoundationEssentials",
        "Sources/CohortStore/More.swift:3: read path: CohortStore imports GRDB",
      ]),
    Harm(
      testDescription: "concurrency on the read path",
      files: [
        "Sources/CohortLMDB/More.swift":
          "actor Keeper {}\nfunc f() async {\n  Task { \"\\(await g())\" }\n  _ = ContinuousClock.now\n}\n"
      ],
      found: [
        "Sources/CohortLMDB/More.swift:1: read path: CohortLMDB says 'actor'",
        "Sources/CohortLMDB/More.swift:2: read path: CohortLMDB says 'async'",
        "Sources/CohortLMDB/More.swift:3: read path: CohortLMDB says 'Task'",
        "Sources/CohortLMDB/More.swift:3: read path: CohortLMDB says 'await'",
        "Sources/CohortLMDB/More.swift:4: read path: CohortLMDB says 'ContinuousClock'",
      ]),
    Harm(
      testDescription: "shells that reach past what they stand on",
      files: [
        "Sources/cohort/More.swift": "import CohortLMDB\n",
        "Sources/CohortLibrary/More.swift": "import CohortCatalog\n",
      ],
      declared: ["cohort": "CohortLMDB", "CohortLibrary": "CohortCatalog"],
      found: [
        "Sources/CohortLibrary/More.swift:1: barred: CohortLibrary imports CohortCatalog",
        "Sources/cohort/More.swift:1: barred: cohort imports CohortLMDB",
      ]),
    Harm(
      testDescription: "undeclared",
      files: [
        "Sources/CohortClustering/More.swift": "import CohortLMDB\n",
        "Tests/CommandTests/More.swift": "@testable import CohortStore\n",
      ],
      found: [
        "Sources/CohortClustering/More.swift:1: undeclared: CohortClustering imports CohortLMDB, see Package.swift",
        "Tests/CommandTests/More.swift:1: undeclared: CommandTests imports CohortStore, see Package.swift",
      ]),
    Harm(
      testDescription: "unused",
      files: ["Sources/CohortClustering/More.swift": "/*\nimport CohortLMDB\n*/\n"],
      declared: ["CohortClustering": "CohortLMDB"],
      found: ["Package.swift:11: unused: CohortClustering declares CohortLMDB and does not import it"]),
    Harm(
      testDescription: "no place",
      files: ["Sources/CohortHelpers/Helper.swift": "import CohortCore\n"],
      found: [
        "Sources/CohortHelpers/Helper.swift:1: no place: CohortHelpers is missing from Package.swift",
        "Sources/CohortHelpers/Helper.swift:1: no place: CohortHelpers is missing from the table of Tools/module-graph",
      ]),
    Harm(
      testDescription: "cycle",
      files: ["Sources/CohortLMDB/More.swift": "\n\nimport CohortStore\n"], declared: ["CohortLMDB": "CohortStore"],
      found: [
        "Sources/CohortLMDB/More.swift:3: upward: CohortLMDB imports CohortStore, from layer 1 to 2",
        "Sources/CohortStore/Store.swift:2: cycle: CohortStore -> CohortLMDB -> CohortStore",
      ]),
    Harm(
      testDescription: "a sixth transaction in a command file",
      files: ["Sources/cohort/Commands/More.swift": "let name = try Store.open(at: path).read { try $0.names() }\n"],
      found: (2...6).map { "Sources/cohort/Commands/Command.swift:\($0): \(FakeTree.transaction)" }
        + ["Sources/cohort/Commands/More.swift:1: \(FakeTree.transaction)"]),
    Harm(
      testDescription: "a third error struct",
      files: ["Sources/cohort/More.swift": "struct ThirdError: Error {\n  let code: Code\n}\n"],
      found: [
        "Sources/CohortCore/Values.swift:7: error struct: FirstError (3 with a code in all, at most 2)",
        "Sources/CohortCore/Values.swift:11: error struct: SecondError (3 with a code in all, at most 2)",
        "Sources/cohort/More.swift:1: error struct: ThirdError (3 with a code in all, at most 2)",
      ]),
  ]
}

/// The sources of a small package in order, close to the edge of what is allowed.
private struct FakeTree {
  static let transaction = "transaction: a command file opens it (6 in all, at most 5)"

  private var manifest = """
    // swift-tools-version: 6.2
    let package = Package(
      name: "Fake",
      products: [.library(name: "CohortReading", targets: ["CohortStore"])],
      targets: [
        .systemLibrary(name: "CLMDB"),
        .target(name: "CohortCore", dependencies: ["CohortKernels"]), .target(name: "CohortKernels"),
        .target(name: "CohortSystem", dependencies: ["CohortCore"]),
        .target(name: "CohortLMDB", dependencies: ["CLMDB", "CohortCore", "CohortSystem"]),
        .target(name: "CohortStore", dependencies: ["CohortCore", .target(name: "CohortLMDB")]),
        .target(name: "CohortClustering", dependencies: ["CohortCore"]),
        .target(
          name: "CohortCatalog",  // "CohortClustering"
          dependencies: ["CohortCore", .product(name: "GRDB", package: "GRDB.swift"), "CohortStore"]),
        .executableTarget(name: "cohort", dependencies: ["CohortStore"], path: "Sources/cohort"),
        .target(name: "CohortLibrary", dependencies: ["CohortStore"]),
        .testTarget(name: "CommandTests", dependencies: ["cohort", "CohortLibrary", "CohortCore"]),
      ])
    """

  var files = [
    "Sources/CLMDB/module.modulemap": "module CLMDB [system] {\n  header \"shim.h\"\n  export *\n}\n",
    "Sources/CohortKernels/include/CohortKernels.h": "#include <stddef.h>\n",
    "Sources/CohortKernels/kernels.c": "#include \"CohortKernels.h\"\n",
    "Sources/CohortCore/Values.swift": """
    /* import Foundation /* and */ async let x = await y */
    package import CohortKernels
    internal import Synchronization
    let words = "import Foundation; \\(await: 1) await" + #"actor A { "\\#(task.async)" Task { } }"# + \"""
      import Foundation
      \"""
    public struct FirstError: Error, Hashable {
      public var code: Int
    }

    struct SecondError<Cause>: Error {
      let cause: Cause, by: Int
      var code: Int { by }
    }
    struct Malformed: Error {
      let line: Int
    }
    """,
    "Sources/CohortSystem/Lock.swift": "public import CohortCore\n#if canImport(Glibc)\n  import Glibc\n#endif\n",
    "Sources/CohortLMDB/Environment.swift": "import CLMDB\nimport CohortCore\nimport CohortSystem\n",
    "Sources/CohortStore/Store.swift": "public import CohortCore\ninternal import CohortLMDB\n",
    "Sources/CohortClustering/Groups.swift": "import Foundation\nimport CohortCore\nfunc f() async { await g() }\n",
    "Sources/CohortCatalog/Catalog.swift": "internal import GRDB\npublic import CohortCore\nimport CohortStore\n",
    "Sources/CohortLibrary/Functions.swift": "import CohortStore\n",
    "Sources/cohort/Commands/Command.swift": """
    import CohortStore
    try store.read { $0 }
    try store.write { $0 }
    let rows = try session.read { transaction in }
    _ = try store?.write(durably: false) { $0 }
    try open().read { "\\(store.counters)" }
    try sink.write { $0 } // store.read { }
    let text = "store.read { }"
    """,
    "Sources/cohort/Output/Output.swift": "try store.read { $0 }\n",
    "Tests/CommandTests/Tests.swift": "import CohortCore\nimport Testing\n",
  ]

  mutating func declare(_ dependency: String, in target: String) {
    let start = "name: \"\(target)\", dependencies: ["
    manifest = manifest.replacing(start, with: start + "\"\(dependency)\", ")
  }

  func write(into program: Program) throws {
    try program.write(manifest, to: "Package.swift")
    for (name, text) in files { try program.write(text, to: name) }
  }
}
