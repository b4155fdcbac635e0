import CohortSystem

/// Output without buffers.
enum Descriptor {
  /// Writes all of a text, with one call where the system takes it.
  /// - Returns: false when nobody takes it; `errno` tells why.
  @discardableResult
  static func put(_ text: String, on descriptor: Int32) -> Bool {
    var rest = [UInt8](text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
