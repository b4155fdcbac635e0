internal import NIOCore

/// Runs the tasks of a connection on the connection's own event loop: an answer needs no further thread to be sent, and
/// whatever else uses Swift's threads in this process keeps no client waiting. What blocks or computes goes to a `WorkPool`.
final class LoopExecutor: TaskExecutor {
  private let loop: any EventLoop

  init(_ loop: any EventLoop) { self.loop = loop }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    loop.execute { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
  }
}
