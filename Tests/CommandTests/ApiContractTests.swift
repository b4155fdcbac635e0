import CohortTesting
import Foundation
import Testing

/// The OpenAPI document and the daemon say the same. Every operation of the document has a row here that calls it as it is
/// meant; what can be done wrong with any operation is done to all. Each answer has a status and a type that the document
/// declares, and a body that is valid against its schema.
@Suite struct ApiContractTests {
  /// A call of an operation.
  struct Call: CustomStringConvertible {
    let method: String
    /// As in the document, below `/v1/stores/{store}`; with a slash twice in front: as it stands.
    let route: String
    /// What stands for the names in braces.
    var names: [String: String] = [:]
    var query = ""
    var body: String?
    var type = "application/json"
    var headers: [String: String] = [:]
    var status = 200
    /// Whether the answer has no end.
    var isStream = false

    init(
      _ method: String, _ route: String, _ names: [String: String] = [:], query: String = "", body: String? = nil,
      type: String = "application/json", headers: [String: String] = [:], status: Int = 200
    ) {
      (self.method, self.route, self.names, self.query) = (method, route, names, query)
      (self.body, self.type, self.headers, self.status) = (body, type, headers, status)
    }

    /// The key of its path in the document.
    var template: String { route.hasPrefix("//") ? String(route.dropFirst()) : "/v1/stores/{store}" + route }

    var description: String { "\(method) \(template)" }

    func path(store: String = "cohort") -> String {
      let all = names.merging(["store": store]) { given, _ in given }
      let path = all.reduce(template) { $0.replacing("{\($1.key)}", with: $1.value) }
      return query.isEmpty ? path : path + "?" + query
    }
  }

  /// Statuses that one request of a test does not bring a well-behaved daemon to: load, faults and slow clients are tested
  /// elsewhere, and what conflicts with what differs from operation to operation.
  private static let elsewhere: Set<Int> = [409, 500, 503, 507]
  /// More than a stream of samples may hold takes too long to send.
  private static let tooMuch = ["POST /v1/stores/{store}/samples": 413]
  /// What `default` may stand for: a status that has an answer of its own is declared where it may come.
  private static let undeclared: Set<Int> = [405, 408, 414, 417, 421, 431, 501, 502, 505]

  /// The operations of a document: `METHOD path` and what it says of it.
  private static func operations(_ document: JSONNode) -> [String: JSONNode] {
    var found: [String: JSONNode] = [:]
    for (path, item) in document["paths"]?.object ?? [:] {
      for method in ["get", "put", "post", "delete", "patch", "head"] {
        if let operation = item[method] { found["\(method.uppercased()) \(path)"] = operation }
      }
    }
    return found
  }

  @Test func everyOperationAnswersAsTheDocumentSays() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let door = try DoorProcess(program)
      let shown = try door.ask("GET", "/openapi.json")
      try #require(shown.status == 200, "\(shown.text)")
      let document = try JSONNode.parse(shown.body)
      #expect(document["openapi"]?.text?.hasPrefix("3.1") == true)
      let kept = try JSONNode.parse(
        Array(try Data(contentsOf: Checkout.root.appendingPathComponent("Schemas/openapi.json"))))
      #expect(kept == document, "Schemas/openapi.json is what the daemon serves")

      var contract = Contract(door: door, document: document, operations: Self.operations(document))
      let table = Self.calls + Self.wrongCalls
      let missing = Set(contract.operations.keys).subtracting(Self.calls.map(\.description))
      #expect(missing.isEmpty, "operations without a row in the table: \(missing.sorted())")
      // Misuse comes first: none of it may change what the calls that are meant find.
      var misused: Set<String> = []
      for call in Self.calls where misused.insert(call.description).inserted { try contract.misuse(call) }
      for call in table { try contract.make(call) }
      for (name, operation) in contract.operations.sorted(by: { $0.key < $1.key }) {
        let declared = Set((operation["responses"]?.object ?? [:]).keys.compactMap { Int($0) })
        let unseen = declared.subtracting(contract.seen[name] ?? []).subtracting(Self.elsewhere)
          .subtracting(Self.tooMuch[name].map { [$0] } ?? [])
        #expect(unseen.isEmpty, "\(name) declares \(unseen.sorted()), and no call got it")
      }
      let statuses = contract.seen.values.reduce(0) { $0 + $1.count }
      print(
        "\(contract.operations.count) operations, \(contract.count) calls, \(statuses) pairs of operation and status")
      #expect(door.daemon.end() == 0, "\(door.daemon.log.suffix(2000))")
    }
  }

  /// Calls, and what the document says of their answers.
  private struct Contract {
    let door: DoorProcess
    let document: JSONNode
    let operations: [String: JSONNode]
    var seen: [String: Set<Int>] = [:]
    var count = 0
    /// The job that was accepted last.
    private var job: String?

    init(door: DoorProcess, document: JSONNode, operations: [String: JSONNode]) {
      (self.door, self.document, self.operations) = (door, document, operations)
    }

    /// A call as it is meant.
    mutating func make(_ call: Call) throws {
      var call = call
      if let job, call.names["job"] != nil { call.names["job"] = job }
      let answer =
        call.isStream
        ? try beginning(of: call)
        : try door.ask(call.method, call.path(), body: call.body, type: call.type, headers: call.headers)
      #expect(answer.status == call.status, "\(call): \(answer.status) \(answer.text.prefix(500))")
      check(answer, call, "as it is meant")
      if answer.status == 202 { job = try answer.object()["job"] as? String }
      if operations[call.description]?["responses"]?["202"] != nil, seen[call.description]?.contains(202) == false {
        try makeAsJob(call)
      }
      guard call.method == "GET" && !call.isStream else { return }
      let head = try door.ask("HEAD", call.path(), headers: call.headers)
      #expect(head.status == call.status && head.body.isEmpty, "HEAD \(call.template): \(head.status)")
      #expect(head.headers["content-type"] == answer.headers["content-type"], "HEAD \(call.template)")
    }

    /// The same as a job, which may fail where it cannot be done twice.
    private mutating func makeAsJob(_ call: Call) throws {
      let answer = try door.ask(
        call.method, call.path(), body: call.body, type: call.type,
        headers: call.headers.merging(["Prefer": "respond-async"]) { $1 })
      #expect(answer.status == 202, "\(call) as a job: \(answer.status) \(answer.text.prefix(500))")
      check(answer, call, "as a job")
      guard answer.status == 202, let place = answer.headers["location"] else { return }
      let isOver = try isReached(within: 30, every: 0.02) {
        let state = try door.ask("GET", place).object()["state"] as? String
        return state != "queued" && state != "running"
      }
      #expect(isOver, "\(call) as a job")
    }

    /// The head of an answer that has no end, and its first event.
    private func beginning(of call: Call) throws -> RawAnswer {
      let connection = try RawConnection(port: door.port)
      defer { connection.hangUp() }
      connection.send(door.request(call.method, call.path(), headers: call.headers))
      connection.listen(seconds: 20) { String(decoding: $0, as: UTF8.self).contains("\ndata: {") }
      let text = String(decoding: connection.received, as: UTF8.self)
      #expect(text.contains("\ndata: {"), "\(call): \(text.prefix(500))")
      let head = text.replacing("Transfer-Encoding: chunked\r\n", with: "")
        .replacing("transfer-encoding: chunked\r\n", with: "")
      guard let answer = RawAnswer.parse(Array(head.utf8), method: "GET", isEnded: true)?.0 else {
        throw Program.Unusable(text: text)
      }
      return answer
    }

    /// What can be done wrong with any operation.
    mutating func misuse(_ call: Call) throws {
      guard let operation = operations[call.description] else {
        Issue.record("\(call) is not in the document")
        return
      }
      let isPublic = operation["security"] == .array([])
      if !isPublic {
        try wrong(call, "no token", [401], token: nil)
        try wrong(call, "a wrong token", [401], token: "nonsense")
        let reads =
          call.method == "GET"
          || ["/sql", "/search", "/near", "/duplicates", "/queries/{query}/run"].contains(call.route)
        if !reads { try wrong(call, "the reading token", [403], token: DoorProcess.reading) }
      }
      try wrong(call, "another host", [421], headers: ["Host": "evil.example"])
      let declared = Set(operation["responses"]?.object?.keys.map { $0 } ?? [])
      if declared.contains("403") {
        try wrong(call, "a page of another site", [403], headers: ["Origin": "https://evil.example"])
      }
      if declared.contains("406") { try wrong(call, "another form", [406], headers: ["Accept": "image/png"]) }
      let separator = call.query.isEmpty ? "?" : "&"
      if declared.contains("400") { try wrong(call, "half an escape", [400], path: call.path() + separator + "a=%f") }
      if !call.route.hasPrefix("//") { try wrong(call, "another store", [404], path: call.path(store: "nowhere")) }
      if declared.contains("422") {
        try wrong(call, "an unknown parameter", [400, 422], path: call.path() + separator + "colour=red")
      }
      guard operation["requestBody"] != nil, call.type == "application/json" else { return }
      try wrong(call, "no JSON", [400], body: "{")
      try wrong(call, "no object", [400, 422], body: "[1]")
      try wrong(call, "an unknown member", [422], body: #"{"colour":"red"}"#)
      try wrong(call, "another type", [415], body: call.body ?? "{}", type: "image/png")
      try wrong(call, "too much", [413], body: String(repeating: " ", count: (1 << 20) + 1) + "{}")
    }

    private mutating func wrong(
      _ call: Call, _ what: String, _ right: Set<Int>, path: String? = nil, body: String? = nil, type: String? = nil,
      headers: [String: String] = [:], token: String? = DoorProcess.writing
    ) throws {
      let answer = try door.ask(
        call.method, path ?? call.path(), body: body ?? call.body, type: type ?? call.type,
        headers: call.headers.merging(headers) { $1 }, token: token)
      #expect(right.contains(answer.status), "\(call), \(what): \(answer.status) \(answer.text.prefix(500))")
      check(answer, call, what)
    }

    /// Status, type and body are declared.
    private mutating func check(_ answer: RawAnswer, _ call: Call, _ what: String) {
      count += 1
      seen[call.description, default: []].insert(answer.status)
      guard let operation = operations[call.description] else { return }
      guard let declared = response(operation, answer.status) else {
        Issue.record("\(call), \(what): \(answer.status) is not declared")
        return
      }
      let type = String((answer.headers["content-type"] ?? "").prefix { $0 != ";" })
      guard let content = declared["content"]?.object, !content.isEmpty else {
        #expect(answer.body.isEmpty, "\(call), \(what): a body of \(answer.status), which declares none")
        return
      }
      let media = content.first { $0.key.prefix { $0 != ";" } == type }?.value
      guard let media else {
        Issue.record("\(call), \(what): \(answer.status) declares \(content.keys.sorted()), not \(type)")
        return
      }
      if answer.status >= 400 {
        #expect(type == "application/problem+json", "\(call), \(what)")
        #expect(
          answer.status != 401 || answer.headers["www-authenticate"]?.hasPrefix("Bearer") == true, "\(call), \(what)")
      }
      let isLines = type == "application/x-ndjson"
      guard type.hasSuffix("json"), let schema = isLines ? media["schema"]?["contentSchema"] : media["schema"] else {
        return
      }
      do {
        let values = isLines ? answer.body.split(separator: 0x0a).map(Array.init) : [answer.body]
        let problems = try values.flatMap {
          JSONSchemaCheck(document: document).objections(try JSONNode.parse($0), schema)
        }
        #expect(
          problems.isEmpty, "\(call), \(what), \(answer.status): \(problems.prefix(5)) in \(answer.text.prefix(400))")
      } catch {
        Issue.record("\(call), \(what): the body is no JSON: \(answer.text.prefix(300))")
      }
    }

    private func response(_ operation: JSONNode, _ status: Int) -> JSONNode? {
      let name =
        ApiContractTests.undeclared.contains(status) && operation["responses"]?["\(status)"] == nil
        ? "default" : "\(status)"
      guard let found = operation["responses"]?[name] else { return nil }
      guard let pointer = found["$ref"]?.text else { return found }
      return pointer.split(separator: "/").dropFirst().reduce(document as JSONNode?) { $0?[String($1)] }
    }
  }
}
