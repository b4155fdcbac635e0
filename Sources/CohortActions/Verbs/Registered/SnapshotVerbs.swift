internal import CohortPipeline

extension VerbRegistry {
  /// Named states of the store.
  static let snapshots: [Verb] = [snapshotList, snapshotCreate, snapshotDrop]

  private static let snapshotList = Verb.rows(
    "List the snapshots.", VerbRoute(.get, "/snapshots"), answers: AnswerFields.snapshot
  ) { _ in SnapshotListAction() }

  private static let snapshotCreate = Verb.record(
    "Bring the groupings up to date and pin their membership under a name.", access: .updates, isLong: true,
    VerbRoute(.post, "/snapshots", status: 201),
    [
      .newName("snapshot"), VerbParameter("grouping", .body, .list(.text), "Groupings to pin. Else all of them."),
    ] + FilterParameters.conditions(.body), answers: AnswerFields.snapshot
  ) { arguments in
    // Here `grouping` is no condition.
    var conditions = arguments.values
    conditions["grouping"] = nil
    return SnapshotCreateAction(
      snapshot: try arguments.text("name"), groupings: try arguments.texts("grouping"),
      filter: try FilterParameters.filter(VerbArguments(conditions)))
  }

  private static let snapshotDrop = Verb.record(
    "Forget a snapshot that no plan and no selection stands on.", name: DropAction(.snapshot, named: "").name,
    access: .writes,
    VerbRoute(.delete, "/snapshots/{snapshot}"), [.named("snapshot", "The snapshot.")], answers: AnswerFields.dropped
  ) { DropAction(.snapshot, named: try $0.text("snapshot")) }
}
