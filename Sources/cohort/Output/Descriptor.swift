import CohortSystem

/// The one place where bytes go to a file descriptor.
enum Descriptor {
  /// `write(2)`: the number of bytes taken, or -1 with `errno`.
  static func put(_ bytes: UnsafeRawBufferPointer, on descriptor: Int32) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
  }
}

/// Standard error, unbuffered. What cannot be written there is lost: there is nobody left to tell.
enum StandardError {
  static func print(_ text: String) {
    var text = text
    text.withUTF8 { utf8 in
      var rest = UnsafeRawBufferPointer(utf8)
      while !rest.isEmpty {
        let written = Descriptor.put(rest, on: STDERR_FILENO)
        if written > 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        } else if errno != EINTR {
          return
        }
      }
    }
  }
}
