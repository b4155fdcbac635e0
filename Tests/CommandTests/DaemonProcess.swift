import Foundation
import CohortSystem
import CohortTesting

/// A running `cohortd` and its log.
final class DaemonProcess {
  let process: Process
  private let logFile: URL

  /// Starts the daemon in the folder of `program` and waits until it says that it is ready.
  convenience init(_ program: Program, _ arguments: String...) throws {
    try self.init(program, arguments, waitingFor: "ready")
  }

  /// - Parameter isPlain: whether the arguments say how to log.
  init(
    _ program: Program, _ arguments: [String], waitingFor event: String?, environment: [String: String] = [:],
    isPlain: Bool = false
  ) throws {
    logFile = program.folder.appendingPathComponent("cohortd-\(UUID().uuidString).log")
    try Data().write(to: logFile)
    process = try program.process(
      Program.executable("cohortd"), (isPlain ? [] : ["--log-format", "json", "--log-level", "debug"]) + arguments,
      environment: environment)
    process.standardInput = FileHandle.nullDevice
    process.standardError = try FileHandle(forWritingTo: logFile)
    try process.run()
    if let event { try wait(for: event) }
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  var log: String { (try? String(contentsOf: logFile, encoding: .utf8)) ?? "" }

  /// The whole lines of the log; all of them have to be JSON.
  func events() throws -> [[String: Any]] {
    try log.split(separator: "\n", omittingEmptySubsequences: true).enumerated().compactMap { index, line in
      guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
        if !log.hasSuffix("\n") { return nil }
        throw Program.Unusable(text: "line \(index) of the log: \(line)")
      }
      return object
    }
  }

  func events(_ name: String, file: String? = nil) throws -> [[String: Any]] {
    try events().filter { $0["event"] as? String == name && (file == nil || $0["file"] as? String == file) }
  }

  struct TimeOut: Error, CustomStringConvertible {
    let description: String
  }

  /// Waits until something holds.
  func wait(_ what: String, seconds: Double = 60, until condition: () throws -> Bool) throws {
    if try isReached(within: seconds, every: 0.005, condition) { return }
    throw TimeOut(description: "not within \(seconds) s: \(what); running: \(process.isRunning)\n\(log)")
  }

  /// Waits for an event in the log.
  @discardableResult
  func wait(for event: String, file: String? = nil) throws -> [String: Any] {
    var found: [String: Any] = [:]
    try wait("event \(event) \(file ?? "")") {
      guard let first = try events(event, file: file).first else {
        if !process.isRunning, try events(event, file: file).isEmpty {
          throw TimeOut(description: "ended before event \(event)\n\(log)")
        }
        return false
      }
      found = first
      return true
    }
    return found
  }

  /// Sends a signal and waits for the end.
  /// - Returns: the exit code, or minus the signal that ended it.
  @discardableResult
  func end(by number: Int32 = SIGTERM) -> Int32 {
    kill(process.processIdentifier, number)
    process.waitUntilExit()
    return process.terminationReason == .uncaughtSignal ? -process.terminationStatus : process.terminationStatus
  }
}

extension Program {
  /// Runs the daemon until it has nothing left to do.
  func daemonOnce(_ arguments: String...) throws -> (status: Int32, daemon: DaemonProcess) {
    let daemon = try DaemonProcess(self, arguments + ["--once"], waitingFor: nil)
    daemon.process.waitUntilExit()
    return (daemon.process.terminationStatus, daemon)
  }

  /// Writes a file beside its place, then renames it into it.
  func drop(_ text: String, as name: String) throws {
    let place = folder.appendingPathComponent(name)
    let draft = place.deletingLastPathComponent().appendingPathComponent("." + place.lastPathComponent)
    try Data(text.utf8).write(to: draft)
    guard rename(draft.path, place.path) == 0 else { throw Unusable(text: "\(name) cannot be renamed") }
  }

  func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path)
  }

  /// The names in a folder, in order, without hidden ones.
  func names(in name: String) -> [String] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent(name).path)) ?? []
    return all.filter { !$0.hasPrefix(".") }.sorted()
  }

  /// Live samples of a store.
  func samples(_ store: String = "cohort") throws -> Int {
    guard let info = try cohort("info", "--store", store, "--json").json() as? [String: Any],
      let count = info["samples"] as? Int
    else { throw Unusable(text: "cohort info") }
    return count
  }

  /// A store with groupings by task and by length.
  func makeStore(_ store: String = "cohort") throws {
    let result = try shell(
      """
      set -e
      cohort init --store \(store)
      cohort grouping create tasks --by task --store \(store)
      cohort grouping create lengths --by length --edges 20,60 --store \(store)
      """)
    guard result.status == 0 else { throw Unusable(text: result.description) }
  }
}
