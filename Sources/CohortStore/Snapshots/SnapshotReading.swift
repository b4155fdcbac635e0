public import CohortCore
internal import CohortLMDB

extension ReadTransaction {
  /// The snapshot of a name; nil when there is none.
  public func snapshot(named name: String) throws -> SnapshotRecord? { try record(SnapshotRecord.self, named: name) }

  /// The snapshot with an id; nil when there is none or it was dropped.
  public func snapshot(_ id: UInt32) throws -> SnapshotRecord? { try record(SnapshotRecord.self, number: id) }

  /// All snapshots in the order of their ids.
  public func snapshots() throws -> [SnapshotRecord] { try records(SnapshotRecord.self) }

  /// The groups of a grouping as a snapshot holds them, in the order of their ids.
  /// - Throws: `store.dropped` when the snapshot was dropped since its number was read.
  public func groups(of grouping: GroupingID, in snapshot: UInt32) throws -> [SnapshotGroup] {
    let place = "The group table of snapshot \(snapshot)"
    let key = Membership.key(snapshot, grouping, Membership.groupTable)
    guard let stored = try unsafe.get(tables.membership, key) else {
      throw try lack(of: place, in: snapshot, "number \(snapshot)")
    }
    return try Sealed.decode(stored, SealPlace(.membership, key), place) { reader in
      var groups: [SnapshotGroup] = []
      var offset: UInt64 = 0
      for _ in 0..<(try reader.count(unit: 18)) {
        let id = GroupID(try reader.fixed())
        let size = try reader.varint()
        let longest: UInt32 = try reader.fixed()
        let mean = try reader.double()
        groups.append(
          SnapshotGroup(
            id: id, offset: offset, size: size, geometry: try GroupGeometry(from: &reader), longest: longest,
            meanLength: mean))
        let (end, overflow) = offset.addingReportingOverflow(size)
        guard !overflow else { throw CohortError.invalid("the size of group \(id)", at: reader.offset) }
        offset = end
      }
      return groups
    }
  }

  /// What it means that a piece of a membership is not there: that somebody dropped the snapshot since its record was read, or
  /// damage.
  private func lack(of place: String, in snapshot: UInt32, _ name: String) throws -> CohortError {
    try self.snapshot(snapshot) == nil ? .dropped("snapshot", name) : .missing(place)
  }

  /// The samples at some positions of a snapshot's membership, in the order asked for.
  /// - Throws: `store.position`; `store.dropped` when the snapshot was dropped since its record was read; `store.corrupted`.
  /// - Complexity: one look-up for each run of positions in the same piece, and a checksum of 16 KB for each piece that this
  ///   transaction has not read yet.
  public func ids(
    at positions: some Sequence<UInt64>, of grouping: GroupingID, in snapshot: SnapshotRecord
  ) throws -> [SampleID] {
    var ids: [SampleID] = []
    ids.reserveCapacity(positions.underestimatedCount)
    var current: (number: UInt64, piece: MembershipPiece)?
    for position in positions {
      guard position < snapshot.samples else {
        throw CohortError(
          .storePosition, "Snapshot \"\(snapshot.name)\" has \(snapshot.samples) samples, not a position \(position)")
      }
      let number = position / UInt64(Membership.idsPerPiece)
      let piece: MembershipPiece
      if let known = current, known.number == number {
        piece = known.piece
      } else {
        piece = try self.piece(UInt32(number), of: grouping, in: snapshot)
        current = (number, piece)
      }
      ids.append(SampleID(piece.id(Int(position % UInt64(Membership.idsPerPiece)))))
    }
    return ids
  }

  /// Calls `body` with all ids of a membership, in order, a piece at a time, until it returns false.
  /// - Throws: `store.dropped`, `store.corrupted`; what `body` throws.
  public func forEachPiece(
    of grouping: GroupingID, in snapshot: SnapshotRecord, _ body: ([SampleID]) throws -> Bool
  ) throws {
    let pieces = (snapshot.samples + UInt64(Membership.idsPerPiece) - 1) / UInt64(Membership.idsPerPiece)
    for number in 0..<pieces {
      let piece = try self.piece(UInt32(number), of: grouping, in: snapshot)
      guard try body((0..<piece.count).map { SampleID(piece.id($0)) }) else { return }
    }
  }

  private func piece(
    _ number: UInt32, of grouping: GroupingID, in snapshot: SnapshotRecord
  ) throws -> MembershipPiece {
    let place = "Piece \(number) of snapshot \"\(snapshot.name)\""
    let key = Membership.key(snapshot.id, grouping, number)
    guard let stored = try unsafe.get(tables.membership, key) else {
      throw try lack(of: place, in: snapshot.id, snapshot.name)
    }
    let known = SoundValues.Key(piece: number, of: grouping.rawValue, in: snapshot.id)
    let isChecked = state.sound.contains(known)
    let piece = try MembershipPiece(stored, SealPlace(.membership, key), place, isChecked: isChecked)
    if !isChecked { state.sound.insert(known) }
    let first = UInt64(number) * UInt64(Membership.idsPerPiece)
    guard UInt64(piece.count) == min(UInt64(Membership.idsPerPiece), snapshot.samples - min(first, snapshot.samples))
    else { throw CohortError.corrupted(place, cause: "it has \(piece.count) ids") }
    return piece
  }
}

/// A piece of a membership, in place.
struct MembershipPiece {
  let count: Int
  private let width: Int
  private let data: UnsafeRawBufferPointer

  /// - Parameter isChecked: whether the checksum is known to be right.
  init(
    _ bytes: UnsafeRawBufferPointer, _ seal: SealPlace, _ place: @autoclosure () -> String, isChecked: Bool = false
  ) throws {
    if !isChecked { _ = try Sealed.open(bytes, seal, place()) }
    guard bytes.count >= Membership.headerSize else { throw CohortError.corrupted(place(), cause: "it is too short") }
    width = Int(bytes[8])
    count = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self)))
    guard width == 4 || width == 8, count <= Membership.idsPerPiece,
      bytes.count == Membership.headerSize + count * width
    else { throw CohortError.corrupted(place(), cause: "its sizes do not fit") }
    data = UnsafeRawBufferPointer(rebasing: bytes[Membership.headerSize...])
  }

  func id(_ index: Int) -> UInt64 {
    width == 4
      ? UInt64(UInt32(littleEndian: data.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)))
      : UInt64(littleEndian: data.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
  }
}
