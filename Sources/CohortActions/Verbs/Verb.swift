public import CohortCore
public import CohortPipeline
public import CohortStore

/// A verb as shells that take requests as named values find it: what it is called, what it takes, what it answers, and
/// how it is run. Registered once (`VerbRegistry`); routes, the OpenAPI document and other languages are made from it.
public struct Verb: Sendable {
  /// What running it takes.
  public typealias Body =
    @Sendable (VerbArguments, Store, JobControl, (ReportRecord) throws -> Void) throws -> VerbEnd

  /// As people type it: `snapshot create`.
  public let name: String
  /// One sentence.
  public let abstract: String
  /// What it does to the store; `access(for:)` says it of a request.
  public let access: ActionAccess
  /// Whether it may take longer than a client waits: then it can run as a job.
  public let isLong: Bool
  /// Where it is found over HTTP.
  public let route: VerbRoute
  /// What it takes, those in the path first.
  public let parameters: [VerbParameter]
  /// What it answers.
  public let answer: VerbAnswer
  private let body: Body

  public init(
    _ name: String, _ abstract: String, access: ActionAccess, isLong: Bool = false, route: VerbRoute,
    parameters: [VerbParameter] = [], answer: VerbAnswer, body: @escaping Body
  ) {
    self.name = name
    self.abstract = abstract
    self.access = access
    self.isLong = isLong
    self.route = route
    self.parameters = parameters
    self.answer = answer
    self.body = body
  }

  /// What a request does to the store: one that only asks what would happen reads.
  public func access(for arguments: VerbArguments) -> ActionAccess { arguments.isDryRun ? .reads : access }

  /// Runs the verb.
  /// - Parameter row: gets the rows of a verb that answers rows, one after the other; no read transaction is open meanwhile.
  /// - Throws: `cli.argument` for arguments that make no sense, naming the parameter; what the action throws.
  public func run(
    _ arguments: VerbArguments, on store: Store, _ control: JobControl, row: (ReportRecord) throws -> Void = { _ in }
  ) throws -> VerbEnd {
    try body(arguments, store, control, row)
  }
}

/// Where a verb is found over HTTP, under the path of its store.
public struct VerbRoute: Hashable, Sendable {
  /// What a request asks for.
  public enum Method: String, Sendable {
    case get = "GET"
    case post = "POST"
    case delete = "DELETE"
    case patch = "PATCH"
  }

  public let method: Method
  /// With the parameters in braces: `/plans/{plan}/steps`.
  public let path: String
  /// Of a success: 200, or 201 where something with a name of its own was made.
  public let status: Int

  public init(_ method: Method, _ path: String, status: Int = 200) {
    self.method = method
    self.path = path
    self.status = status
  }
}

/// A named value that a verb takes. In a query, a list is its name given again and again.
public struct VerbParameter: Sendable {
  /// Where it stands in a request.
  public enum Place: String, Sendable {
    case path, query, body
  }

  /// As in JSON: `batch_size`.
  public let name: String
  public let place: Place
  public let shape: ValueShape
  public let isRequired: Bool
  /// What the verb takes where nothing is given, if that is a value that could be given; `arguments` puts it there.
  public let standard: ReportValue?
  /// One sentence for people.
  public let help: String

  public init(
    _ name: String, _ place: Place, _ shape: ValueShape, isRequired: Bool = false, standard: ReportValue? = nil,
    _ help: String
  ) {
    self.name = name
    self.place = place
    self.shape = shape
    self.isRequired = isRequired
    self.standard = standard
    self.help = help
  }
}

/// What a value looks like: as much as JSON Schema can say and a request can be checked for.
public indirect enum ValueShape: Sendable {
  case text
  case choice([String])
  case integer(ClosedRange<Int64>)
  /// A whole number that may be beyond `Int64`: ids, seeds, counts.
  case unsigned(ClosedRange<UInt64>)
  case number
  /// A real number within bounds.
  case bounded(ClosedRange<Double>)
  case boolean
  /// An RFC 3339 time.
  case time
  case list(ValueShape)
  case record([VerbField])
  /// A JSON object with keys of the user's.
  case map(ValueShape)
  /// The value, or null.
  case optional(ValueShape)
  /// Anything.
  case any
}

/// A named value of an answer.
public struct VerbField: Sendable {
  public let name: String
  public let shape: ValueShape
  /// Whether it is always there.
  public let isRequired: Bool

  public init(_ name: String, _ shape: ValueShape, isRequired: Bool = true) {
    self.name = name
    self.shape = shape
    self.isRequired = isRequired
  }
}

/// What a verb answers.
public enum VerbAnswer: Sendable {
  /// One record.
  case record([VerbField])
  /// Rows; a stream has no end that is worth waiting for.
  case rows([VerbField], isStream: Bool)
  /// Rows whose names and values the question decides: those of SQL. The first row has all names.
  case table
  /// A file, of one of these media types: what the request says decides.
  case file([String])
}

/// A file that a verb answers.
public struct VerbFile: Sendable {
  /// One of those that the verb declares.
  public let mediaType: String
  public let bytes: [UInt8]

  public init(mediaType: String, bytes: [UInt8]) { (self.mediaType, self.bytes) = (mediaType, bytes) }
}

/// How a verb ended that did not throw.
public struct VerbEnd: Sendable {
  /// Nil for verbs that answer rows or a file.
  public var record: ReportRecord?
  /// Of verbs that answer a file.
  public var file: VerbFile?
  /// Sentences for people.
  public var notes: [String]
  /// Done, but some records were set aside.
  public var isPartial: Bool
  /// What ended the work before its end; `record` tells of what was done by then.
  public var failure: CohortError?

  public init(
    record: ReportRecord? = nil, file: VerbFile? = nil, notes: [String] = [], isPartial: Bool = false,
    failure: CohortError? = nil
  ) {
    self.record = record
    self.file = file
    self.notes = notes
    self.isPartial = isPartial
    self.failure = failure
  }

  public init(_ report: some RecordReport) {
    self.init(record: report.record, notes: report.notes, isPartial: report.isPartial, failure: report.failure)
  }
}
