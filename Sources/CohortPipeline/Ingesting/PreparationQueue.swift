internal import CohortCore
internal import CohortIngestion
internal import CohortStore
internal import CohortSystem

/// Parses and compresses ahead of the writer, on threads of its own, and keeps the order. Compression is most of the
/// work of an ingestion, so batches are compressed side by side.
final class PreparationQueue: Sendable {
  /// One step of the input, in order.
  enum Item {
    case batch(SourceBatch, PreparedBatch)
    /// A source broke off; reading goes on with the next one.
    case failure(CohortError)
  }

  private let queue: OrderedQueue<Item>
  private let dictionary: Locked<CompressionDictionary?>

  init(_ reader: IngestionReader, dictionary: CompressionDictionary?, threads: Int) throws {
    let current = Locked(dictionary)
    // From here on only the thread that fetches reads; others look at constants.
    nonisolated(unsafe) let reader = reader
    self.dictionary = current
    queue = try OrderedQueue(
      threads: threads, limit: 4 + 4 * max(threads, 1), fetch: { try Self.read(reader) },
      work: { (read: Result<SourceBatch, CohortError>) in
        switch read {
        case .success(let batch):
          .batch(batch, PreparedBatch(batch.batch, dictionary: current.withLock { $0 }))
        case .failure(let error): .failure(error)
        }
      })
  }

  private static func read(_ reader: IngestionReader) throws -> Result<SourceBatch, CohortError>? {
    do throws(CohortError) {
      return try reader.next().map { .success($0) }
    } catch {
      return .failure(error)
    }
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
      guard let item = taken.isEmpty ? try queue.take() : try queue.take(within: 0) ?? nil else { break }
      if case .batch(let batch, _) = item { size += max(batch.batch.inputBytes, 1) }
      taken.append(item)
    }
    return taken
  }
}
