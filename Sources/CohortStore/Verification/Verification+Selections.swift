internal import CohortCore
internal import CohortLMDB

extension Verification {
  /// Selections are what the log says, stand on snapshots that are there, and have the ids that their digests tell of.
  func checkSelections(_ transaction: borrowing ReadTransaction) {
    let selections = collect("selections") { try transaction.selections() } ?? []
    for selection in selections {
      let place = "selection \"\(selection.name)\""
      expect(history.selections[selection.id] == selection.digest, place, "its digest is not that of the log")
      let snapshot = collect(place) { try transaction.snapshot(selection.snapshot) } ?? nil
      expect(snapshot != nil, place, "its snapshot \(selection.snapshot) is not there")
      let found = collect(place) { try transaction.selection(named: selection.name) } ?? nil
      expect(found?.id == selection.id, place, "its name does not lead to it")
      guard let ids = collect(place, { try transaction.ids(of: selection) }) else { continue }
      var digest = StreamingDigest()
      for id in ids { digest.update(id.rawValue) }
      expect(digest.finish() == selection.digest, place, "its ids are not those of its digest")
    }
    for id in history.selections.keys where !selections.contains(where: { $0.id == id }) {
      problem("selection \(id)", "the log tells of it, and it is not there")
    }
  }

  /// A plan over a selection has members that its digest tells of, in groups of its snapshot.
  func checkMembers(of plan: PlanRecord, _ transaction: borrowing ReadTransaction) {
    let place = "plan \"\(plan.name)\""
    guard let selection = plan.selection else { return }
    let record = collect(place) { try transaction.selection(selection) } ?? nil
    expect(record != nil, place, "its selection \(selection) is not there")
    guard let members = collect(place, { try transaction.members(of: plan) }) ?? nil else { return }
    expect(record.map { $0.count == members.count } ?? true, place, "it has other members than its selection")
    collect(place) { try transaction.forEachPiece(of: members) { _ in } }
  }
}
