import CohortTesting
import Foundation

/// Runs the real executables the way a user does: another process, a folder of its own, nothing inherited but `PATH`.
struct Program {
  /// What came of a run.
  struct Result: CustomStringConvertible {
    let status: Int32
    let isSignal: Bool
    let output: String
    let errors: String

    var description: String {
      "\(isSignal ? "signal" : "status") \(status)\n--- stdout\n\(output)\n--- stderr\n\(errors)"
    }

    /// Standard output as one JSON document.
    func json() throws -> Any {
      try JSONSerialization.jsonObject(with: Data(output.utf8), options: [.fragmentsAllowed])
    }

    /// Each line of standard output as a JSON object.
    func jsonLines() throws -> [[String: Any]] {
      try output.split(separator: "\n").map {
        guard let object = try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] else {
          throw Unusable(text: String($0))
        }
        return object
      }
    }

    /// The `error` object: of the last line, behind what was done before, or the last element of the array that was begun.
    func error() throws -> [String: Any] {
      let line = output.split(separator: "\n").last { $0 != "]" } ?? ""
      let last = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      guard let error = last?["error"] as? [String: Any] else { throw Unusable(text: output) }
      return error
    }
  }

  struct Unusable: Error {
    let text: String
  }

  /// The folder in which commands run. Removed with the last copy of this value.
  let folder: URL
  private let temporary: TemporaryFolder

  init() throws {
    temporary = try TemporaryFolder()
    folder = URL(fileURLWithPath: temporary.path)
  }

  /// Writes a file into the folder.
  func write(_ text: String, to name: String) throws {
    let url = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  func read(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)
  }

  /// `cohort` with some arguments.
  func cohort(
    _ arguments: String..., environment: [String: String] = [:], input: String = "", output: FileHandle? = nil
  ) throws -> Result {
    try run(Self.executable("cohort"), arguments, environment: environment, input: input, output: output)
  }

  func cohort(_ arguments: [String]) throws -> Result {
    try run(Self.executable("cohort"), arguments, environment: [:], input: "", output: nil)
  }

  /// A shell script in which `cohort` is the program under test.
  func shell(
    _ script: String, environment: [String: String] = [:], output: FileHandle? = nil
  ) throws -> Result {
    try run(URL(fileURLWithPath: "/bin/bash"), ["-c", script], environment: environment, output: output)
  }

  /// A process that is not waited for.
  func process(_ executable: URL, _ arguments: [String], environment: [String: String] = [:]) throws -> Process {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = folder
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    process.environment = [
      "PATH": Self.executable("cohort").deletingLastPathComponent().path + ":" + path, "HOME": folder.path,
    ].merging(environment) { $1 }
    return process
  }

  /// Starts `cohort`, silently, and kills it.
  /// - Parameters:
  ///   - condition: what has to hold, unless the process ends before.
  ///   - delay: seconds from then to the kill.
  /// - Returns: the process, which has ended: by the signal, or by itself.
  @discardableResult
  func killed(
    _ arguments: [String], environment: [String: String] = [:], once condition: () throws -> Bool = { true },
    after delay: Double
  ) throws -> Process {
    let process = try process(Self.executable("cohort"), arguments, environment: environment)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    _ = try isReached(every: 0.0002) { try !process.isRunning || condition() }
    usleep(UInt32(delay * 1e6))
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    return process
  }

  /// Output goes through files: no pipe can fill up.
  func run(
    _ executable: URL, _ arguments: [String], environment: [String: String], input: String = "",
    output: FileHandle? = nil
  ) throws -> Result {
    let process = try process(executable, arguments, environment: environment)
    let place = try TemporaryFolder()
    defer { withExtendedLifetime(place) {} }
    let files = ["in", "out", "err"].map { URL(fileURLWithPath: place.file($0)) }
    try Data(input.utf8).write(to: files[0])
    for file in files[1...] { try Data().write(to: file) }
    process.standardInput = try FileHandle(forReadingFrom: files[0])
    process.standardOutput = try output ?? FileHandle(forWritingTo: files[1])
    process.standardError = try FileHandle(forWritingTo: files[2])
    try process.run()
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, isSignal: process.terminationReason == .uncaughtSignal,
      output: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))
  }

  /// An executable of this package: it lies beside the test bundle.
  static func executable(_ name: String) -> URL {
    var folder = URL(fileURLWithPath: CommandLine.arguments.first ?? "").resolvingSymlinksInPath()
    for _ in 0..<4 {
      folder.deleteLastPathComponent()
      let candidate = folder.appendingPathComponent(name)
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: candidate.path, isDirectory: &isFolder), !isFolder.boolValue {
        return candidate
      }
    }
    return folder.appendingPathComponent(name)
  }
}

/// Runs `body` with a folder that is removed afterwards.
func withProgram<R>(_ body: (Program) throws -> R) throws -> R {
  let program = try Program()
  defer { withExtendedLifetime(program) {} }
  return try body(program)
}
