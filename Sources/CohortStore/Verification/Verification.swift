internal import CohortCore
internal import CohortLMDB

extension Store {
  /// Reads everything that is stored: every checksum, every layout, and whether the tables agree with one another and
  /// with the log. What is wrong is collected, not thrown.
  ///
  /// It looks at one state of the store, in one read transaction: while it runs, a writer's file grows instead of using
  /// free pages again. A page damaged in its structure may raise a signal inside LMDB, which checks little: run it in a
  /// process of its own for a file that is not trusted.
  /// - Parameters:
  ///   - progress: called before and while a table is read.
  /// - Throws: only if the store's counters cannot be read.
  /// - Complexity: O(bytes of the store); memory about 5 bytes a sample.
  public func verify(_ progress: (VerificationProgress) -> Void = { _ in }) throws -> VerificationReport {
    try withoutActuallyEscaping(progress) { progress in
      try environment.read { unsafe in
        let transaction = try ReadTransaction(unsafe, base: unsafe.number, tables: tables, codecs: codecs)
        let verification = Verification(unsafe, tables: tables, state: transaction.state, progress: progress)
        verification.checkMeta()
        verification.checkLog(transaction)
        verification.checkNames(transaction)
        verification.checkSamples(transaction)
        verification.checkIdentity()
        verification.checkColumns(transaction)
        verification.checkGroups(transaction)
        verification.checkMembership(transaction)
        verification.checkPlans(transaction)
        verification.checkSelections(transaction)
        verification.checkMaps(transaction)
        verification.checkRuns(transaction)
        verification.checkQuarantine()
        verification.checkDictionaries()
        for table in optional where !PackedTables.all.contains(table) { verification.check(table) }
        verification.checkPackedTables()
        verification.checkFormerLabels()
        return verification.report
      }
    }
  }
}

/// A verification under way: what was found, and what one table says that another must agree with.
final class Verification {
  let unsafe: UnsafeTransaction
  let tables: StoreTables
  let counters: StoreCounters
  let state: TransactionState
  private let progress: (VerificationProgress) -> Void
  private(set) var report = VerificationReport()

  /// What the log says.
  var history = LogHistory()
  /// Samples that the tombstones call deleted.
  var deleted: BitSet
  var identity: IdentityCheck

  init(
    _ unsafe: UnsafeTransaction, tables: StoreTables, state: TransactionState,
    progress: @escaping (VerificationProgress) -> Void
  ) {
    self.unsafe = unsafe
    self.tables = tables
    self.state = state
    counters = state.counters
    self.progress = progress
    deleted = BitSet(count: counters.nextSample)
    identity = IdentityCheck(samples: counters.nextSample)
  }

  func problem(_ place: @autoclosure () -> String, _ what: @autoclosure () -> String, repairable: Bool = false) {
    report.problemCount += 1
    guard report.problems.count < VerificationReport.problemLimit else { return }
    report.problems.append(VerificationReport.Problem(place: place(), what: what(), isRepairable: repairable))
  }

  /// A problem unless `condition` holds.
  func expect(
    _ condition: Bool, _ place: @autoclosure () -> String, _ what: @autoclosure () -> String, repairable: Bool = false
  ) {
    if !condition { problem(place(), what(), repairable: repairable) }
  }

  /// Runs `body`; what it throws is a problem of `place`.
  @discardableResult
  func collect<R>(_ place: @autoclosure () -> String, repairable: Bool = false, _ body: () throws -> R) -> R? {
    do {
      return try body()
    } catch let error as CohortError {
      problem(place(), error.description, repairable: repairable)
    } catch {
      problem(place(), "\(error)", repairable: repairable)
    }
    return nil
  }

  /// Calls `body` with each value of a table. What it throws is a problem of that value, and the next one follows.
  func forEach(_ table: Table, _ body: (UInt64, UnsafeRawBufferPointer) throws -> Void) {
    walk(table) { step in
      try unsafe.walk(table) { key, value in
        self.collect("\(table.name) \(key)") { try body(key, value) }
        step()
        return true
      }
    }
  }

  /// The same for a table with byte keys.
  func forEach(_ table: Table, _ body: ([UInt8], UnsafeRawBufferPointer) throws -> Void) {
    walk(table) { step in
      try unsafe.walk(table, from: []) { key, value in
        let key = [UInt8](key)
        self.collect("\(table.name) \(key.hexadecimal)") { try body(key, value) }
        step()
        return true
      }
    }
  }

  private func walk(_ table: Table, _ body: (() -> Void) throws -> Void) {
    let total = UInt64(collect("table \(table.name)") { try unsafe.count(table) } ?? 0)
    var done: UInt64 = 0
    progress(VerificationProgress(table: table.name, done: 0, total: total))
    collect("table \(table.name)") {
      try body {
        done += 1
        if done & 0xfff == 0 { self.progress(VerificationProgress(table: table.name, done: done, total: total)) }
      }
      self.expect(done == total, "table \(table.name)", "\(done) values were found where its record counts \(total)")
    }
    report.tables.append(VerificationReport.Table(name: table.name, records: done))
  }

}

/// One bit a sample.
struct BitSet {
  private var words: [UInt64]

  init(count: UInt64) { words = [UInt64](repeating: 0, count: Int((count + 63) / 64)) }

  /// False beyond the end.
  func contains(_ index: UInt64) -> Bool {
    index / 64 < UInt64(words.count) && words[Int(index / 64)] >> (index % 64) & 1 != 0
  }

  /// - Returns: whether it was set before. Beyond the end: nothing is set, and false.
  @discardableResult
  mutating func insert(_ index: UInt64) -> Bool {
    guard index / 64 < UInt64(words.count) else { return false }
    let before = words[Int(index / 64)] >> (index % 64) & 1 != 0
    words[Int(index / 64)] |= 1 << (index % 64)
    return before
  }
}
