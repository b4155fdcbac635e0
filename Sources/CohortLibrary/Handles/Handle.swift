internal import CohortCore

/// What C holds as an opaque pointer: an object that is kept alive until it is closed.
protocol Handle: AnyObject {}

extension Handle {
  /// The pointer for C, which keeps the object alive.
  var opened: OpaquePointer { OpaquePointer(Unmanaged.passRetained(self).toOpaque()) }

  /// The object behind a pointer that `opened` gave.
  /// - Throws: `library.argument` for NULL. Any other pointer is believed.
  static func at(_ pointer: OpaquePointer?, _ name: String) throws -> Self {
    Unmanaged<Self>.fromOpaque(UnsafeRawPointer(try given(pointer, name))).takeUnretainedValue()
  }

  /// Lets go of the object; does nothing for NULL.
  static func close(_ pointer: OpaquePointer?) {
    guard let pointer else { return }
    Unmanaged<Self>.fromOpaque(UnsafeRawPointer(pointer)).release()
  }
}
