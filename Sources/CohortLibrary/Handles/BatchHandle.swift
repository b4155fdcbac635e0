internal import CCohort
internal import CohortCore
internal import CohortReading

/// A batch as C holds it: the batch, and what is lent of it.
final class BatchHandle: Handle {
  /// At the same address as long as the handle lives.
  let lent: UnsafeMutablePointer<cohort_texts>
  private(set) var batch = TextBatch()

  init() {
    lent = .allocate(capacity: 1)
    lent.initialize(to: cohort_texts())
    batch.clear()
    lend()
  }

  deinit { lent.deallocate() }

  /// Reads into the batch, which is empty when that fails. What was lent before is lent no more.
  func read(_ body: (TextBatch) throws -> Void) throws {
    defer { lend() }
    do {
      try body(batch)
    } catch {
      batch.clear()
      throw error
    }
  }

  /// Takes another batch in place of its own.
  /// - Returns: its own.
  func exchange(for other: TextBatch) -> TextBatch {
    defer {
      batch = other
      lend()
    }
    return batch
  }

  private func lend() { lent.pointee = cohort_texts(batch) }
}

extension cohort_texts {
  /// What a batch holds, where it lies.
  init(_ batch: TextBatch) {
    let pointers = batch.pointers
    func extents(_ start: UnsafeMutablePointer<TextExtent>?) -> UnsafePointer<cohort_extent>? {
      // Both are two 64-bit integers.
      start.map { UnsafeRawPointer($0).assumingMemoryBound(to: cohort_extent.self) }
    }
    self.init()
    arena = UnsafePointer(pointers.arena.baseAddress)
    arena_size = Int64(pointers.arena.count)
    samples = Int64(pointers.samples)
    messages = Int64(pointers.messages)
    ids = UnsafePointer(pointers.ids)
    missing = UnsafePointer(pointers.missing)
    first_message = UnsafePointer(pointers.firstMessage)
    response = UnsafePointer(pointers.response)
    tools = extents(pointers.tools)
    attributes = extents(pointers.attributes)
    task = UnsafePointer(pointers.tasks)
    source = UnsafePointer(pointers.sources)
    line = UnsafePointer(pointers.lines)
    role = UnsafePointer(pointers.roles)
    role_name = extents(pointers.roleNames)
    text = extents(pointers.texts)
    extra = extents(pointers.extras)
    part = UnsafePointer(pointers.parts.baseAddress)
    parts = Int64(max(pointers.parts.count, 1) - 1)
    epoch = batch.label?.epoch ?? 0
    step = batch.label?.step ?? 0
    group = batch.label?.group?.rawValue ?? .max
    // In the store the missing task is 0; here it is as in all columns.
    for sample in 0..<pointers.samples where pointers.tasks?[sample] == 0 { pointers.tasks?[sample] = .max }
  }
}
