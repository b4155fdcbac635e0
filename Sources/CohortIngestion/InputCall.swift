internal import CohortCore
internal import CohortSystem

/// The system calls of this module, with their errors in the words of somebody who reads an input.
enum InputCall {
  private static func describing<R>(
    _ message: String, _ path: String, _ call: () throws(Errno) -> R
  ) throws(CohortError) -> R {
    try CohortError.describing({ .system(message, path: path, $0) }, call)
  }

  /// What a path is, after following symbolic links.
  static func status(of path: String) throws(CohortError) -> FileStatus {
    do throws(Errno) {
      return try SystemCall.status(of: path)
    } catch {
      let isMissing = error.number == ENOENT
      throw .system(isMissing ? "there is no such file or folder" : "cannot look at the input", path: path, error)
    }
  }

  static func status(of descriptor: Int32, path: String) throws(CohortError) -> FileStatus {
    try describing("cannot look at the input", path) { () throws(Errno) in try SystemCall.status(of: descriptor) }
  }

  static func duplicate(_ descriptor: Int32, path: String) throws(CohortError) -> Int32 {
    try describing("cannot open the input", path) { () throws(Errno) in try SystemCall.duplicate(descriptor) }
  }

  static func names(in folder: String) throws(CohortError) -> [String] {
    try describing("cannot list the folder", folder) { () throws(Errno) in try SystemCall.names(in: folder) }
  }

  static func openForReading(_ path: String) throws(CohortError) -> Int32 {
    try describing("cannot open the input", path) { () throws(Errno) in try SystemCall.open(path) }
  }

  /// Reads at least one byte unless the input has ended; 0 at the end.
  static func read(
    _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, path: String
  ) throws(CohortError) -> Int {
    try describing("cannot read the input", path) { () throws(Errno) in try SystemCall.read(descriptor, into: buffer) }
  }

  /// Reads at least one byte at `offset` unless the input has ended there; 0 at the end.
  static func read(
    _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int, path: String
  ) throws(CohortError) -> Int {
    try describing("cannot read the input", path) { () throws(Errno) in
      try SystemCall.read(descriptor, into: buffer, at: offset)
    }
  }

  /// Reads exactly `buffer.count` bytes at `offset`; false when the file ends before.
  static func readFully(
    _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int, path: String
  ) throws(CohortError) -> Bool {
    try describing("cannot read the input", path) { () throws(Errno) in
      try SystemCall.readFully(descriptor, into: buffer, at: offset)
    }
  }
}
