/// What the server grants its clients: sizes in bytes, times in seconds.
public struct Limits: Sendable {
  /// Connections at the same time, of all doors together; more are answered 503 and closed.
  public var connections = 256
  /// Request line and headers together; a longer request line is answered 414, longer headers 431.
  public var headerBytes = 16 << 10
  /// The body of a request that is no stream of samples; a longer one is answered 413.
  public var bodyBytes = 1 << 20
  /// Bodies of samples, which are read while they come.
  public var samples = SampleIntake.Limits()
  /// How many headers a request may have.
  public var headerFields = 100
  /// Named values in a query.
  public var queryParameters = 256

  /// From the first byte of a request to the end of its headers, and from the beginning of a connection to its first
  /// request.
  public var headerSeconds = 10.0
  /// Between two pieces of a body, while the server waits for one.
  public var bodySeconds = 30.0
  /// The whole of a body that is no stream.
  public var wholeBodySeconds = 60.0
  /// Between two requests of a connection.
  public var idleSeconds = 75.0
  /// How long a client may take nothing of an answer that waits for it.
  public var stallSeconds = 30.0
  /// How long a connection that is being closed waits for the client to close it, too.
  public var lingerSeconds = 2.0
  /// How long a request waits for its turn before it is answered 503.
  public var patienceSeconds = 25.0
  /// How long an SQL statement may take at most, whatever the request says: it keeps a thread for questions.
  public var questionSeconds = 30.0
  /// After how long without an end of its answer the process of another store is asked for a sign of life, and for how long
  /// that is waited for.
  public var silenceSeconds = 30.0
  public var signOfLifeSeconds = 10.0
  /// Between two signs of life of an event stream.
  public var heartbeatSeconds = 15.0

  /// Threads that answer questions, that write, and that do long work.
  public var readers = 4
  public var writers = 4
  public var longWorkers = 4
  /// Questions with answers that are too long to be sent whole, beyond `readers`: a thread each. More are answered 503.
  public var slowReaders = 32
  /// Requests that wait for one of these threads, for each kind.
  public var waiting = 256
  /// Threads of the network.
  public var loops = 2
  /// Event streams at the same time.
  public var eventStreams = 64

  /// Jobs that were accepted and are not finished.
  public var unfinishedJobs = 64
  /// Finished jobs that are remembered, and for how long.
  public var finishedJobs = 1000
  public var finishedJobSeconds = 3600.0

  /// The limits that a daemon has unless it is told otherwise.
  public init() {}
}
