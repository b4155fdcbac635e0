internal import CohortCore

extension VerbRegistry {
  /// Training runs.
  static let training: [Verb] = [runList, runShow, runNote, train]

  private static let run: [VerbField] = [
    VerbField("run", .text), VerbField("plan", .text), VerbField("created", .time), VerbField("checkpoints", .count),
    VerbField("plan_hash", .text),
  ]

  private static let runList = Verb.rows(
    "List the training runs.", VerbRoute(.get, "/runs"), answers: run
  ) { _ in RunListAction() }

  private static let runShow = Verb.record(
    "Show a training run, with the checkpoints that are kept of it and the losses that the newest one tells of.",
    VerbRoute(.get, "/runs/{run}"),
    [.named("run", "The run.")],
    answers: run + [
      VerbField(
        "kept",
        .list(
          .record(
            [VerbField("number", .count), VerbField("learner", .optional(.text))]
              + ["epoch", "step", "steps", "samples", "tokens", "bytes"].map { VerbField($0, .optional(.count)) }
              + [VerbField("damage", .optional(.text))]))), VerbField("losses", .list(.record(loss))),
    ]
  ) { RunShowAction(run: try $0.text("run")) }

  private static let loss: [VerbField] = [
    VerbField("by", .choice(RunNoteAction.Loss.Kind.allCases.map(\.rawValue))), VerbField("name", .text),
    VerbField("steps", .count), VerbField("tokens", .count), VerbField("mean", .optional(.number)),
    VerbField("first", .optional(.number)), VerbField("last", .optional(.number)),
  ]

  private static let runNote = Verb.record(
    "Keep how far a training in another program is, and its losses by group, task and source.", access: .writes,
    VerbRoute(.post, "/runs/{run}/notes"),
    [
      .named("run", "The run, which is made if it is not there."),
      VerbParameter("plan", .body, .text, isRequired: true, "The plan that the run follows."),
      VerbParameter(
        "plan_hash", .body, .text, "That plan's hash. Where the plan of this name has another one, the note is refused."
      ),
      VerbParameter("epoch", .body, .count, isRequired: true, "The epoch of the next step to train on."),
      VerbParameter("step", .body, .count, isRequired: true, "The next step to train on."),
      VerbParameter("steps", .body, .count, isRequired: true, "Steps that the run has done."),
      VerbParameter("samples", .body, .count, isRequired: true, "Samples that it learned from, repeats included."),
      VerbParameter("tokens", .body, .count, isRequired: true, "Tokens that it predicted."),
      VerbParameter(
        "losses", .body, .list(.record(loss)), standard: .list([]),
        "The losses of the whole run so far. A group's name is its number, or mixed for steps of no single group."),
    ],
    answers: [
      VerbField("run", .text), VerbField("plan", .text), VerbField("plan_hash", .text), VerbField("note", .count),
      VerbField("epoch", .count), VerbField("step", .count), VerbField("steps", .count), VerbField("losses", .count),
    ]
  ) { try RunNoteAction($0) }

  private static let train = Verb(
    TrainAction.name, "Train the reference learner on a plan, with checkpoints in the store.", access: .writes,
    isLong: true, route: VerbRoute(.post, "/train"),
    parameters: [
      VerbParameter("plan", .body, .text, isRequired: true, "The plan to train on."),
      VerbParameter(
        "epochs", .body, .unsigned(1...UInt64.max), isRequired: true,
        "Train until this many epochs of the plan are done."),
      VerbParameter("learner", .body, .choice(["reference"]), standard: "reference", "What is trained."),
      VerbParameter(
        "checkpoint_every", .body, .unsigned(1...UInt64.max), "Steps between checkpoints. Else one at the end."),
      VerbParameter("resume", .body, .boolean, standard: false, "Go on from the run's latest checkpoint."),
      VerbParameter("run", .body, .text, "The run's name. Else the plan's, with a number if that is taken."),
      VerbParameter("learner_seed", .body, .count, standard: .unsigned(0), "The seed of the learner's first weights."),
    ],
    answer: .record([
      VerbField("weights_digest", .text), VerbField("run", .text), VerbField("plan", .text),
      VerbField("plan_hash", .text), VerbField("epochs", .count), VerbField("finished", .boolean),
      VerbField("epoch", .count), VerbField("step", .count), VerbField("steps", .count), VerbField("samples", .count),
      VerbField("tokens", .count), VerbField("missing", .count),
      VerbField("resumed_from", .optional(.record([VerbField("epoch", .count), VerbField("step", .count)]))),
      VerbField("damaged_checkpoints", .list(.count)),
    ])
  ) { arguments, store, control, _ in
    let action = TrainAction(
      plan: try arguments.text("plan"), epochs: try arguments.count("epochs"),
      checkpointEvery: try arguments.count(ifGiven: "checkpoint_every"), resume: arguments.flag("resume"),
      runName: try arguments.text(ifGiven: "run"), learnerSeed: try arguments.count("learner_seed"))
    return VerbEnd(try action.run(on: store, control) { _ in })
  }
}
