internal import CohortCore
internal import CohortSystem

/// A file in memory, read by the system as it is touched.
///
/// `bytes` is valid as long as the object lives. The file must not shrink meanwhile: replace model files, don't
/// overwrite them.
final class MappedFile: @unchecked Sendable {  // Guard: the memory is never written.
  let bytes: UnsafeRawBufferPointer
  let path: String

  init(_ path: String) throws(CohortError) {
    self.path = path
    let descriptor = try CohortError.describing({ .system("cannot open the model's file", path: path, $0) }) {
      () throws(Errno) in try SystemCall.open(path)
    }
    defer { SystemCall.close(descriptor) }
    let status = try CohortError.describing({ .system("cannot look at the model's file", path: path, $0) }) {
      () throws(Errno) in try SystemCall.status(of: descriptor)
    }
    guard status.kind == .regular else {
      throw CohortError(.embeddingUnreadable, "the model's file is not a regular file", place: path)
    }
    guard status.size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let memory = mmap(nil, Int(status.size), PROT_READ, MAP_PRIVATE, descriptor, 0), memory != MAP_FAILED
    else { throw .system("cannot map the model's file", path: path, .last) }
    bytes = UnsafeRawBufferPointer(start: memory, count: Int(status.size))
  }

  deinit {
    if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
