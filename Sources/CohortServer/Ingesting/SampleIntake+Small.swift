internal import CohortActions
internal import CohortCore
internal import CohortIngestion
internal import CohortPipeline
internal import CohortStore
internal import CohortSystem

extension SampleIntake {
  /// Stores a whole body together with others.
  func store(_ session: IntakeSession, _ body: [UInt8]) {
    do {
      try state.change { state in
        guard !state.isStopping else { throw CohortError.stopping }
        guard state.bodies < limits.waitingBodies else {
          throw CohortError(
            .serverCrowded, "\(state.bodies) bodies wait to be stored already", hint: "Send it again later")
        }
        try startStoring(&state)
        state.bodies += 1
        state.small.append(Small(session: session, body: body))
      }
    } catch {
      session.complete(.failed(IntakeFailure(CohortError(describing: error, as: .serverIntake))))
    }
  }

  private func startStoring(_ state: inout State) throws {
    if state.storing != nil { return }
    let shared = self.state
    let preparedBytes = 2 * limits.groupBytes
    let queue =
      try state.queue
      ?? OrderedQueue<Prepared>(
        threads: limits.workers, limit: limits.groupBodies,
        fetch: {
          shared.wait { state -> Small?? in
            guard let next = state.small.first else { return state.isStopping ? .some(nil) : nil }
            guard state.preparing == 0 || state.preparing + next.body.count <= preparedBytes else { return nil }
            state.preparing += next.body.count
            return state.small.popFirst()
          }
        },
        work: { [host, limits] small in
          Prepared(session: small.session, body: small.body, result: Self.prepare(small, host, limits))
        })
    state.queue = queue
    state.storing = try WorkThread { [self] in
      while let first = (try? queue.take()) ?? nil {
        let group = group(from: first, queue)
        store(group)
        let bytes = group.reduce(0) { $0 + $1.body.count }
        self.state.change { state in
          state.preparing -= bytes
          state.bodies -= group.count
        }
      }
    }
  }

  private static func prepare(_ small: Small, _ host: any HostedStore, _ limits: Limits) -> Prepared.Result {
    do {
      let ingest = small.session.request.ingest(limits)
      if Unfolding.isPacked(small.body),
        !Unfolding.fits(small.body, within: limits.smallBytes, limits: ingest.options.limits)
      {
        return .large
      }
      var request = ingest
      request.sources = [
        .memory(small.body, name: IntakeRequest.sourceName, path: IntakeRequest.sourceName)
      ]
      let memory = 64 * max(limits.smallBytes, 1 << 20)
      return try PreparedInput(request, for: host.open(), memoryLimit: memory).map { .ready($0) } ?? .large
    } catch {
      return .failed(CohortError(describing: error, as: .serverIntake))
    }
  }

  /// A body, and those behind it that are ready.
  private func group(from first: Prepared, _ queue: OrderedQueue<Prepared>) -> [Prepared] {
    var group = [first]
    var bytes = first.weight
    while group.count < limits.groupBodies, bytes < limits.groupBytes,
      case .some(.some(let next)) = try? queue.take(within: 0)
    {
      group.append(next)
      bytes += next.weight
    }
    return group
  }

  private func store(_ group: [Prepared]) {
    var ready: [(session: IntakeSession, input: PreparedInput)] = []
    for one in group {
      switch one.result {
      case .ready(let input): ready.append((one.session, input))
      case .failed(let error): one.session.complete(.failed(IntakeFailure(error)))
      case .large:
        let pipe = BodyPipe(one.body, idleSeconds: limits.idleSeconds)
        pipe.end()
        _ = stream(one.session, pipe)
      }
    }
    if let shortage = host.shortage() {
      for one in ready {
        one.session.complete(.failed(IntakeFailure(shortage, status: Problem.insufficientStorage)))
      }
      return
    }
    if !ready.isEmpty { store(ready[...]) }
  }

  private func store(_ group: ArraySlice<(session: IntakeSession, input: PreparedInput)>) {
    let group = Array(group)
    do {
      var answers: [[UInt8]] = []
      let reports = try host.perform(.writes, patience: nil) { store in
        try IngestJob.store(group.map(\.input), in: store) { number, report, transaction in
          if number == 0 { answers = [] }
          let answer = IntakeAnswer.json(report)
          answers.append(answer)
          let session = group[number].session
          guard let key = session.request.key else { return }
          try transaction.remember(key, digest: session.bodyDigest, answer: answer)
        }
      }
      counted.withLock { counted in
        counted.groups += 1
        for report in reports { counted.add(report) }
      }
      for (one, answer) in zip(group, answers) { one.session.complete(.answered(answer, isReplay: false)) }
      host.wake()
      // Nobody waits for it.
      _ = try? host.perform(.writes, patience: nil) { try $0.trainDictionaryIfDue() }
    } catch {
      let error = CohortError(describing: error, as: .serverIntake)
      // Whichever it was: each for itself.
      if group.count > 1, error.category == .usage {
        for one in group { store([one]) }
        return
      }
      for one in group { one.session.complete(.failed(IntakeFailure(error))) }
    }
  }
}
