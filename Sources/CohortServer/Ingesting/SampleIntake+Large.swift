internal import CohortActions
internal import CohortCore
internal import CohortIngestion
internal import CohortPipeline
internal import CohortStore
internal import CohortSystem

extension SampleIntake {
  /// Reads a body in slices while it comes, as soon as there is a thread for it.
  /// - Returns: false when there are too many already, or the body must be stored at once: then the session has its
  ///   outcome.
  func stream(_ session: IntakeSession, _ pipe: BodyPipe) -> Bool {
    if session.request.storesAtOnce {
      session.complete(
        .failed(
          IntakeFailure(
            CohortError(
              .serverNotAtOnce,
              "Without a look for duplicates, a body may have at most \(limits.smallBytes) bytes, so that it is stored "
                + "as a whole or not at all", hint: "Cut it into several requests, each with its own Idempotency-Key")))
      )
      return false
    }
    let failure = state.change { state -> IntakeFailure? in
      if state.isStopping { return IntakeFailure(.stopping) }
      guard state.large.count < limits.waitingStreams || mayRead(state) else {
        return IntakeFailure(
          CohortError(
            .serverCrowded, "\(state.large.count) large bodies wait to be read already",
            hint: "Send the request again in some seconds"))
      }
      state.large.append((session, pipe))
      if mayRead(state), let error = startReader(&state), state.readers == 0 {
        state.large.removeLast()
        return IntakeFailure(error)
      }
      return nil
    }
    if let failure { session.complete(.failed(failure)) }
    return failure == nil
  }

  /// A reader begins or ends to wait for its client: meanwhile another one may read.
  func reader(waits: Bool) {
    // Nobody waits for this to change.
    state.withLock { state in
      state.idleReaders += waits ? 1 : -1
      if waits, !state.large.isEmpty, mayRead(state) { _ = startReader(&state) }
    }
  }

  private func mayRead(_ state: State) -> Bool {
    state.readers - min(state.idleReaders, limits.slowStreams) < limits.streams
  }

  /// - Returns: why there is no thread more.
  private func startReader(_ state: inout State) -> CohortError? {
    state.readers += 1
    do throws(CohortError) {
      _ = try WorkThread { [self] in readLarge() }
      return nil
    } catch {
      state.readers -= 1
      return error
    }
  }

  /// Reads bodies as long as there are some.
  private func readLarge() {
    while true {
      let next = state.change { state -> (session: IntakeSession, pipe: BodyPipe)? in
        // Those who waited for their clients may all be back.
        guard state.readers - min(state.idleReaders, limits.slowStreams) <= limits.streams,
          let next = state.large.popFirst()
        else {
          state.readers -= 1
          return nil
        }
        state.reading[ObjectIdentifier(next.session)] = next.pipe
        return next
      }
      guard let (session, pipe) = next else { return }
      let outcome = read(session, pipe)
      // Whoever still sends need not.
      pipe.close()
      state.change { $0.reading[ObjectIdentifier(session)] = nil }
      session.complete(outcome)
    }
  }

  private func read(_ session: IntakeSession, _ pipe: BodyPipe) -> IntakeOutcome {
    var request = session.request.ingest(limits)
    request.isolatesSources = true
    request.commitBytes = min(request.commitBytes, UInt64(limits.groupBytes))
    request.options.batchBytes = min(request.options.batchBytes, 1 << 20)
    request.sources = [.fed(by: pipe, name: IntakeRequest.sourceName, path: IntakeRequest.sourceName)]
    let shortage = Locked<CohortError?>(nil)
    let control = JobControl(shouldStop: { [state, host] in
      let found = host.shortage()
      if let found { shortage.withLock { $0 = found } }
      return found != nil || state.withLock { $0.isStopping }
    })
    var report = IngestReport()
    defer {
      counted.withLock { $0.add(report) }
      if report.records > 0 { host.wake() }
    }
    do {
      try host.perform(.writes, patience: nil) { store in
        try IngestJob.run(store, request, control: control, into: &report)
        guard report.failures.isEmpty, let key = session.request.key else { return }
        let answer = IntakeAnswer.json(report)
        try store.write { try $0.remember(key, digest: session.bodyDigest, answer: answer) }
      }
    } catch {
      let stored = report.records > 0 ? IntakeAnswer.json(report) : nil
      if let shortage = shortage.withLock({ $0 }) {
        return .failed(IntakeFailure(shortage, status: Problem.insufficientStorage, stored: stored))
      }
      return .failed(IntakeFailure(CohortError(describing: error, as: .serverIntake), stored: stored))
    }
    if let failure = report.failures.first {
      if failure.error.code == .bodyBrokenOff { return .brokenOff }
      return .failed(IntakeFailure(failure.error, stored: report.records > 0 ? IntakeAnswer.json(report) : nil))
    }
    return .answered(IntakeAnswer.json(report), isReplay: false)
  }
}
extension SampleIntake.Limits {
  /// Bytes that one record may unfold to in samples.
  static let unfoldedBytes = 64 << 20
}

extension IntakeRequest {
  /// How its body is read, with the limits of all.
  func ingest(_ limits: SampleIntake.Limits) -> IngestRequest {
    var request = ingest
    let own = request.options.limits
    request.options.limits.decompressedBytes = min(own.decompressedBytes, limits.bodyBytes)
    request.options.limits.unfoldedBytes = min(own.unfoldedBytes, SampleIntake.Limits.unfoldedBytes)
    return request
  }
}
