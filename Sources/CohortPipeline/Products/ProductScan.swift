internal import CohortCore
internal import CohortStore

/// Reads the columns of a product and its factors side by side.
struct ProductScan {
  struct Row {
    var id: SampleID
    var first: GroupID
    var second: GroupID
    /// Whether one of the two is made for the time being.
    var isProvisional: Bool
    var isDeleted: Bool
    /// What is stored of the product.
    var group: GroupID
    var distance: Float
  }

  let first: GroupingRecord
  let second: GroupingRecord
  let product: GroupingRecord

  /// Calls `body` with each sample of the store, ascending.
  func forEach(_ transaction: borrowing ReadTransaction, _ body: (Row) throws -> Void) throws {
    let columns = [first, second, product].flatMap { [$0.groupColumn, $0.distanceColumn] }
    try transaction.forEachBlock(of: columns) { block in
      for row in 0..<block.count {
        try body(
          Row(
            id: block.id(row), first: GroupID(block.uint32(0, row)), second: GroupID(block.uint32(2, row)),
            isProvisional: (block.uint32(1, row) | block.uint32(3, row)) >> 31 != 0, isDeleted: block.isDeleted(row),
            group: GroupID(block.uint32(4, row)), distance: block.float32(5, row)))
      }
      return true
    }
  }
}
