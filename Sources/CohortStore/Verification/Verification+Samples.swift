internal import CohortCore
internal import CohortLMDB

extension Verification {
  /// Every record can be read back, agrees with the columns, and its content leads to it.
  func checkSamples(_ transaction: borrowing ReadTransaction) {
    collectTombstones(transaction)
    var expected: UInt64 = 0
    var live: UInt64 = 0
    let places = collect("samples") { try transaction.sampleTables() } ?? [(table: tables.samples, end: nil)]
    for place in places {
      forEach(place.table) { (id: UInt64, value: UnsafeRawBufferPointer) in
        if let end = place.end, id >= end {
          problem("sample \(id)", "it lies in a table that ends before sample \(end)")
        }
        if id != expected { problem("sample \(expected)", "it is missing: the next one is \(id)") }
        expected = id + 1
        let (header, _) = try SampleRecord.open(value, id: id)
        expect(header.source.rawValue < counters.nextSource, "sample \(id)", "source \(header.source) is not there")
        expect(header.task.rawValue < counters.nextTask, "sample \(id)", "task \(header.task) is not there")
        let source = try transaction.uint32(Column.source, SampleID(id))
        let task = try transaction.uint32(Column.task, SampleID(id))
        expect(
          header.source.rawValue == source, "sample \(id)", "its source is \(header.source), its column's \(source)")
        expect(header.task.rawValue == task, "sample \(id)", "its task is \(header.task), its column's \(task)")
        let isErased = header.codec == .deleted
        expect(isErased == deleted.contains(id), "sample \(id)", "payload and tombstone disagree: erased \(isErased)")
        guard !isErased else { return }
        live += 1
        let hash = try transaction.withSample(SampleID(id)) { view -> UInt64? in
          guard let view else { return nil }
          try SampleContent.visit(view.content) { _, _, text in
            guard String(validating: text.bindMemory(to: UInt8.self), as: UTF8.self) != nil else {
              throw CohortError.invalid("the text of a message", cause: "not UTF-8")
            }
          }
          return XXH3.hash64(view.content)
        }
        if let hash { identity.want(id, hash) }
      }
    }
    expect(
      expected == counters.nextSample, "samples", "they end with \(expected), the counters with \(counters.nextSample)")
    expect(live == counters.live, "samples", "\(live) have a payload, the counters tell of \(counters.live)")
  }

  /// Tables of packed samples are named by the format, and one that the store does not tell of is empty.
  func checkPackedTables() {
    for (number, packed) in PackedTables.all.enumerated() {
      guard let table = unsafe.table(packed.definition) else { continue }
      expectFeature(of: packed)
      guard !state.packing.segments.contains(where: { $0.table == number }) else { continue }
      forEach(table) { (id: UInt64, _) in
        self.problem("sample \(id)", "it lies in table \(table.name), where no samples are to be")
      }
    }
  }

  /// Every run is there, sorted and whole, and leads to every live sample. Entries of deleted samples are no harm.
  func checkIdentity() {
    let runs = collect("runs of the identity table", repairable: true) { try identityDirectory().runs } ?? []
    var last: [UInt32: IdentityEntry] = [:]
    var chunks: [UInt32: UInt64] = [:]
    forEach(tables.identity) { (key: UInt64, value: UnsafeRawBufferPointer) in
      let number = UInt32(key >> 32)
      let place = "chunk \(key & 0xffff_ffff) of identity run \(number)"
      guard let run = runs.first(where: { $0.number == number }) else {
        problem(place, "there is no such run", repairable: true)
        return
      }
      chunks[number, default: 0] += 1
      collect(place, repairable: true) {
        let chunk = try IdentityChunk(value, key: key)
        let expected = run.entries(inChunk: key & 0xffff_ffff)
        expect(chunk.count == expected, place, "it has \(chunk.count) entries, not \(expected)", repairable: true)
        for index in 0..<chunk.count {
          let entry = chunk[index]
          if let before = last[number], !(before < entry) { problem(place, "it is not sorted", repairable: true) }
          expect(entry.id < counters.nextSample, place, "it leads to sample \(entry.id)", repairable: true)
          last[number] = entry
          identity.add(entry)
        }
      }
    }
    for run in runs where chunks[run.number] ?? 0 != run.chunks {
      problem(
        "identity run \(run.number)", "it has \(chunks[run.number] ?? 0) chunks of \(run.chunks)", repairable: true)
    }
    identity.forEachMissing { id in
      problem(
        "sample \(id)", "its content does not lead to it: the same content can come again", repairable: true)
    }
  }

  private func identityDirectory() throws -> IdentityDirectory {
    guard let stored = try unsafe.get(tables.meta, IdentityDirectory.key) else {
      throw CohortError.missing("The list of runs of the identity table")
    }
    return try IdentityDirectory(stored)
  }

  /// What labels were is there for each change that the log tells of, without the attributes of deleted samples.
  func checkFormerLabels() {
    var count: UInt64 = 0
    if let table = unsafe.table(FormerLabels.table.definition) {
      collect("table relabels") {
        try unsafe.walk(table, from: []) { (key: UnsafeRawBufferPointer, value) in
          count += 1
          guard let (id, sequence) = FormerLabels.place(key) else {
            self.problem("relabels \([UInt8](key).hexadecimal)", "its key is no sample and entry")
            return true
          }
          let place = "former labels of sample \(id) before entry \(sequence)"
          guard let labels = self.collect(place, { try FormerLabels(value, key: key) }) else { return true }
          self.expect(
            id.rawValue < self.counters.nextSample && sequence <= self.counters.lastSequence, place,
            "there is no such sample or entry")
          self.expect(labels.task.rawValue < self.counters.nextTask, place, "task \(labels.task) is not there")
          self.expect(
            labels.attributes == nil || !self.deleted.contains(id.rawValue), place,
            "the sample is deleted, and its attributes are still there")
          return true
        }
      }
    }
    expect(
      count == history.relabelled, "table relabels",
      "it has \(count) former labels, and the log tells of \(history.relabelled)")
  }

  func checkQuarantine() {
    var expected: UInt64 = 0
    forEach(tables.quarantine) { (number: UInt64, value: UnsafeRawBufferPointer) in
      expect(number == expected, "quarantined record \(expected)", "it is missing: the next one is \(number)")
      expected = number + 1
      let record = try QuarantineRecord(value, number: number)
      expect(
        record.source.rawValue < counters.nextSource, "quarantined record \(number)",
        "source \(record.source) is not there")
    }
    expect(
      expected == counters.quarantined, "quarantine",
      "it ends with \(expected), the counters with \(counters.quarantined)")
  }

  func checkDictionaries() {
    var count: UInt64 = 0
    forEach(tables.dictionaries) { (number: UInt64, value: UnsafeRawBufferPointer) in
      count += 1
      expect(
        number == count && number <= UInt64(counters.dictionary), "dictionary \(number)", "its number is out of order")
      _ = try Sealed.open(value, SealPlace(.dictionaries, number), "Dictionary \(number)")
    }
    expect(count == UInt64(counters.dictionary), "dictionaries", "there are \(count), not \(counters.dictionary)")
  }

  private func collectTombstones(_ transaction: borrowing ReadTransaction) {
    var marked: UInt64 = 0
    collect("tombstones") {
      try transaction.forEachBlock(of: []) { block in
        for row in 0..<block.count where block.isDeleted(row) {
          self.deleted.insert(block.first + UInt64(row))
          marked += 1
        }
        return true
      }
    }
    expect(marked == counters.deleted, "tombstones", "there are \(marked), the counters tell of \(counters.deleted)")
  }
}
