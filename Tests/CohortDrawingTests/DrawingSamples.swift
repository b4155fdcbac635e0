import CohortCore
import CohortDrawing
import CohortTesting
import Foundation

/// Texts for tests.
enum DrawingSamples {
  /// Texts that try to leave the place where they stand.
  static let hostile = [
    "</script><img src=x onerror=\"document.title='owned'\">", "<!--<script>", "]]></svg><script>alert(1)</script>",
    "\" onload=\"alert(1)", "' autofocus onfocus='alert(1)", "&lt;b&gt; &amp; &#0;",
    "\u{0}\u{8}\u{1b}[31m\u{7f}\u{85}\u{fffe}\u{ffff}",
    "\u{202e}gpj.exe\u{2028}\u{2029}", "${alert(1)}`\\\\", "e" + String(repeating: "\u{301}", count: 5_000),
    "日本語 العربية 🏳️‍🌈",
  ]
}

/// Drawings for tests.
extension MapDrawing {
  /// A little of everything, the same each time: three groups of normal draws.
  static func small(_ count: Int = 60, colour: Int? = 0, texts: Bool = true, seed: UInt64 = 7) throws -> MapDrawing {
    var random = TestRandom(seed: seed)
    let group = (0..<count).map { Int32($0 % 3) }
    let x = group.map { Float($0) * 10 + Float(random.normal()) }
    let y = group.map { Float($0 % 2) * 10 + Float(random.normal()) }
    return try MapDrawing(
      title: "A small map", x: x, y: y, ids: (0..<count).map { UInt64(2 * $0 + 5) },
      columns: [
        .init("group", .categories(of: group, names: ["sums", "poems", "code"])),
        .init("length", .scalars((0..<count).map { Float($0 * $0 % 97) }, unit: "tokens")),
      ],
      colour: colour, texts: texts ? (0..<count).map { "Text number \($0)" } : [],
      labels: [.init("add, sum", x: 0, y: 0), .init("rhyme, line", x: 10, y: 10)], notes: ["Made up."])
  }

  /// Hostile texts in every place that takes text.
  static func hostileMap() throws -> MapDrawing {
    let hostile = DrawingSamples.hostile
    let count = hostile.count
    return try MapDrawing(
      title: hostile.joined(separator: " "), x: (0..<count).map { Float($0) }, y: (0..<count).map { Float($0) },
      ids: (0..<count).map { UInt64($0) },
      columns: hostile.map { .init($0, .categories(of: (0..<count).map { Int32($0) }, names: hostile)) }
        + [.init(hostile[0], .scalars([Float](repeating: 1, count: count), unit: hostile[0]))],
      texts: hostile, labels: hostile.enumerated().map { .init($1, x: Float($0), y: 0) }, notes: hostile)
  }

  static func empty() throws -> MapDrawing {
    try MapDrawing(
      title: "Nothing", x: [], y: [], ids: [],
      columns: [.init("group", .categories(of: [], names: [])), .init("age", .scalars([], unit: ""))])
  }

  static func one() throws -> MapDrawing {
    try MapDrawing(
      title: "One", x: [3], y: [-4], ids: [.max], columns: [.init("group", .categories(of: [0], names: ["alone"]))],
      texts: ["the text"])
  }
}

/// Other programs that judge what was drawn.
enum Judge {
  /// What a Python script prints, given the path of a file with these bytes.
  static func python(_ script: String, _ bytes: [UInt8]) throws -> [UInt8] {
    let folder = try TemporaryFolder()
    let path = try folder.write("drawn", bytes)
    return try output(of: "/usr/bin/env", ["python3", "-c", script, path])
  }

  static func output(of program: String, _ arguments: [String]) throws -> [UInt8] {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Unexpected("\(program) ended with \(process.terminationStatus)") }
    return Array(data)
  }

  /// The first of some programs that is on the path.
  static func program(_ names: [String]) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return names.lazy.flatMap { name in folders.map { "\($0)/\(name)" } }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}
