public import CohortCore
internal import CohortSystem
public import Foundation

/// A file that appears only when it is complete. Until then it lies beside its place under another name, and is removed
/// however the work ends: by an error, by a signal that the program takes, by damage of the store (`DraftNote`).
public final class ExportFile {
  private let path: String
  /// Its name until it is complete, and what remembers to remove it; nil for an output that is open already.
  private let draft: (path: String, note: DraftNote)?
  private let descriptor: Int32
  private var isOpen: Bool

  /// - Parameter output: what `-` stands for.
  /// - Throws: `pipeline.export`, `pipeline.disk-full`.
  public init(_ path: String, _ output: FileHandle?) throws(CohortError) {
    self.path = path
    if path == "-", let output {
      (draft, descriptor, isOpen) = (nil, output.fileDescriptor, false)
      return
    }
    let name = path + ".part-\(getpid())"
    let note = DraftNote(name)
    do throws(Errno) {
      descriptor = try SystemCall.open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o666)
    } catch {
      note.done()
      throw Self.failure(path, error, hint: "Check that its folder exists and may be written")
    }
    (draft, isOpen) = ((name, note), true)
  }

  deinit { abandon() }

  /// - Throws: `pipeline.disk-full`, `pipeline.export`.
  public func write(_ bytes: Data) throws(CohortError) {
    do throws(Errno) {
      try SystemCall.writeFully([UInt8](bytes), to: descriptor)
    } catch {
      throw Self.failure(path, error)
    }
  }

  /// Makes it durable and gives it its name.
  /// - Throws: as `write`.
  public func finish() throws(CohortError) {
    guard let draft, isOpen else { return }
    do throws(Errno) {
      try SystemCall.synchronize(descriptor)
      try SystemCall.rename(draft.path, to: path)
    } catch {
      throw Self.failure(path, error)
    }
    close()
    do throws(Errno) {
      try DurableFile.synchronizeFolder(of: path)
    } catch {
      throw Self.failure(path, error, hint: "The file is there and whole, but may be gone after a power cut")
    }
  }

  /// Leaves nothing of it, unless it is complete.
  public func abandon() {
    guard let draft, isOpen else { return }
    try? SystemCall.remove(draft.path)
    close()
  }

  private func close() {
    SystemCall.close(descriptor)
    isOpen = false
    draft?.note.done()
  }

  private static func failure(_ path: String, _ reason: Errno, hint: String? = nil) -> CohortError {
    if reason.isNoRoom {
      return CohortError(
        .pipelineDiskFull, "The disk is full: the file was not written", place: path, cause: reason.text,
        hint: "Free some space, or choose another disk, and run the same command again; nothing is left of it")
    }
    return CohortError(.pipelineExport, "The file cannot be written", place: path, cause: reason.text, hint: hint)
  }
}
