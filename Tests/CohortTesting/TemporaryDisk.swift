import Foundation

/// Runs a program of the system, silently. - Returns: its exit code.
func run(_ arguments: [String]) throws -> Int32 {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = arguments
  process.standardOutput = FileHandle.nullDevice
  process.standardError = FileHandle.nullDevice
  try process.run()
  process.waitUntilExit()
  return process.terminationStatus
}

/// A disk of limited size in memory, or another view of a folder, mounted in a folder until
/// it is removed.
package struct TemporaryDisk {
  /// Whether this process may mount: many containers refuse it even to root. Asked once, by mounting.
  package static let isPossible: Bool = {
    guard let folder = try? TemporaryFolder(), let disk = try? TemporaryDisk(megabytes: 1, at: folder.file("disk"))
    else { return false }
    defer { disk.remove() }
    guard let view = try? TemporaryDisk(readOnly: disk.path, at: folder.file("view")) else { return false }
    view.remove()
    return (try? disk.resize(megabytes: 2)) != nil
  }()

  /// What a test says that is skipped without.
  package static let reason = "mounting a file system is refused here"

  package let path: String

  package init(megabytes: Int, at path: String) throws {
    self.path = path
    try Self.mount(["-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs"], at: path)
  }

  /// The folder `other`, which nobody may write here.
  package init(readOnly other: String, at path: String) throws {
    self.path = path
    try Self.mount(["--bind", other], at: path)
    do {
      try Self.mount(["-o", "remount,bind,ro"], at: path)
    } catch {
      remove()
      throw error
    }
  }

  /// Even where a file in it is open.
  package func remove() { _ = try? run(["umount", "-l", path]) }

  package func resize(megabytes: Int) throws { try Self.mount(["-o", "remount,size=\(megabytes)m"], at: path) }

  private static func mount(_ arguments: [String], at path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    guard try run(["mount"] + arguments + [path]) == 0 else { throw Unexpected("mount \(arguments) at \(path)") }
  }
}
