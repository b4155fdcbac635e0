internal import CohortCore
internal import CohortIngestion
internal import CohortStore
internal import CohortSystem

/// Parses and compresses ahead of the writer, on threads of its own, and keeps the order. Compression is most of the
/// work of an ingestion, so batches are compressed side by side.
///
/// Used by one thread.
final class PreparationQueue {
  /// One step of the input, in order.
  enum Item {
    case batch(SourceBatch, PreparedBatch)
    /// A source broke off; reading goes on with the next one.
    case failure(IngestReport.Failure)
  }

  private typealias Read = Result<SourceBatch, IngestReport.Failure>

  /// Batches that are fetched and prepared together, so that files of a few records each do not come one by one.
  private static let togetherBytes: UInt64 = 1 << 20
  private static let togetherBatches = 256

  private let queue: OrderedQueue<[Item]>
  private let dictionary: Locked<CompressionDictionary?>
  /// What was taken from the queue and not yet from here, in order.
  private var rest: ArraySlice<Item> = []

  init(_ reader: IngestionReader, dictionary: CompressionDictionary?, threads: Int) throws {
    let current = Locked(dictionary)
    // From here on only the thread that fetches reads; others look at constants.
    nonisolated(unsafe) let reader = reader
    self.dictionary = current
    queue = try OrderedQueue(
      threads: threads, limit: 4 + 4 * max(threads, 1), fetch: { try Self.read(reader) },
      work: { (read: [Read]) in
        let dictionary = current.withLock { $0 }
        return read.map { result in
          switch result {
          case .success(let batch): .batch(batch, PreparedBatch(batch.batch, dictionary: dictionary))
          case .failure(let failure): .failure(failure)
          }
        }
      })
  }

  /// The next batch, and those behind it as long as they are small files.
  private static func read(_ reader: IngestionReader) throws -> [Read]? {
    var together: [Read] = []
    var bytes: UInt64 = 0
    while together.count < togetherBatches, bytes < togetherBytes {
      do throws(CohortError) {
        guard let batch = try reader.next() else { break }
        together.append(.success(batch))
        bytes += batch.batch.inputBytes
        // Whoever sends a long source waits for its records, not for those of the next; and nobody knows when a pipe goes on.
        guard batch.finishedSource, reader.isNextSized else { break }
      } catch {
        // What is no source's fault ends the work: there would be no end of it.
        guard reader.failed != nil else { throw error }
        together.append(.failure(IngestReport.Failure(error: error, source: reader.failed)))
      }
    }
    return together.isEmpty ? nil : together
  }

  /// Batches prepared from now on use this dictionary.
  func use(_ dictionary: CompressionDictionary?) { self.dictionary.withLock { $0 = dictionary } }

  /// Ends the threads; what they made is dropped.
  func cancel() { queue.close() }

  /// Waits for the next item, then takes what else is ready, until `bytes` of input are together. Empty at the end.
  func take(upTo bytes: UInt64) throws -> [Item] {
    var taken: [Item] = []
    var size: UInt64 = 0
    while size < bytes {
      if rest.isEmpty {
        guard let items = taken.isEmpty ? try queue.take() : try queue.take(within: 0) ?? nil else { break }
        rest = items[...]
      }
      guard let item = rest.popFirst() else { continue }
      if case .batch(let batch, _) = item { size += max(batch.batch.inputBytes, 1) }
      taken.append(item)
    }
    return taken
  }
}
