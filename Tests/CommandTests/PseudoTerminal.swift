import Foundation
import CohortSystem

/// A terminal of a given width, to give to a program as its standard output.
final class PseudoTerminal {
  struct Unavailable: Error {
    let reason: String
  }

  let slave: FileHandle
  private let master: Int32

  init(columns: Int) throws {
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    guard master >= 0, let name = Self.unlockedName(of: master) else {
      throw Unavailable(reason: String(cString: strerror(errno)))
    }
    let descriptor = open(name, O_RDWR | O_NOCTTY)
    guard descriptor >= 0 else { throw Unavailable(reason: String(cString: strerror(errno))) }
    var size = winsize(ws_row: 50, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    guard ioctl(descriptor, UInt(TIOCSWINSZ), &size) == 0 else {
      throw Unavailable(reason: String(cString: strerror(errno)))
    }
    slave = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  deinit { close(master) }

  /// `unlockpt` and `ptsname`, which the module map of glibc leaves out.
  private static func unlockedName(of master: Int32) -> String? {
    #if os(Linux)
      var isLocked: Int32 = 0
      var number: UInt32 = 0
      let (setLock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
      guard ioctl(master, setLock, &isLocked) == 0, ioctl(master, getNumber, &number) == 0 else { return nil }
      return "/dev/pts/\(number)"
    #else
      guard grantpt(master) == 0, unlockpt(master) == 0 else { return nil }
      return ptsname(master).map { String(cString: $0) }
    #endif
  }

  /// Types text, for a program that reads from the terminal now or later.
  func type(_ text: String) { _ = Array(text.utf8).withUnsafeBytes { write(master, $0.baseAddress, $0.count) } }

  /// What was written. For programs that have ended, and output that fits the terminal's buffer (4 KiB).
  func text() -> String {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      var waiting = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, 100) > 0, waiting.revents & Int16(POLLIN) != 0 else { break }
      let count = read(master, &chunk, chunk.count)
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
