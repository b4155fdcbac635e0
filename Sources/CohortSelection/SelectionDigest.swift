public import CohortCore

/// What two selections are compared by: XXH3-128 over the ids (u64) in their order.
public enum SelectionDigest {
  public static func of(_ ids: some Sequence<UInt64>) -> Digest128 {
    var digest = StreamingDigest()
    for id in ids { digest.update(id) }
    return digest.finish()
  }
}
