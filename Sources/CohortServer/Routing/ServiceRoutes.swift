internal import CohortActions
internal import CohortCore
internal import CohortStore
internal import HTTPTypes

/// The routes that are about the server and its stores, and no verbs.
enum ServiceRoutes {
  static func all(openAPI: @escaping @Sendable () -> String) -> [Route] {
    [
      Route(.get, "/healthz", rights: .none) { _ in Answer(["status": "alive"]) },
      Route(.get, "/readyz", rights: .none, ready),
      Route(.get, "/metrics", rights: .none) { exchange in
        let core = exchange.core
        let text = try await exchange.onReader { MetricCollection.text(of: core) }
        return Answer(type: MetricText.mediaType, Array(text.utf8))
      },
      Route(.get, "/openapi.json", rights: .none) { _ in
        Answer(type: "application/json", Array(openAPI().utf8))
      },
      Route(.get, "/v1/stores", rights: .read, stores),
      Route(.get, "/v1/stores/{store}/jobs", rights: .read) { exchange in
        Answer(exchange.core.jobs.records(of: try exchange.host().name))
      },
      Route(.get, "/v1/stores/{store}/jobs/{job}", rights: .read) { exchange in
        let name = try exchange.host().name
        return Answer(try exchange.core.jobs.record(exchange.parameters["job"] ?? "", store: name))
      },
      Route(.delete, "/v1/stores/{store}/jobs/{job}", rights: .write) { exchange in
        let name = try exchange.host().name
        return Answer(try exchange.core.jobs.cancel(exchange.parameters["job"] ?? "", store: name))
      },
      SampleRoutes.route,
      EventRoutes.route,
    ]
  }

  /// 200 until the end begins: a process whose stores are not open does not serve.
  @Sendable private static func ready(_ exchange: Exchange) async throws -> Answer {
    let core = exchange.core
    let stores = core.hosts.values.sorted { $0.name < $1.name }
    return try await exchange.onReader {
      let isReady = !core.isStopping
      let record: ReportRecord = [
        "status": isReady ? "ready" : "stopping",
        "stores": .list(stores.map { .record(self.condition($0.name, $0.condition)) }),
      ]
      var answer = Answer(record, status: isReady ? .ok : .serviceUnavailable)
      if !isReady { answer.headers[.retryAfter] = "1" }
      return answer
    }
  }

  /// What is said of a store in a list.
  private static func condition(_ name: String, _ condition: StoreCondition) -> ReportRecord {
    var record: ReportRecord = ["name": .text(name), "state": "open"]
    if condition.isShortOfRoom { record.append("short_of_room", true) }
    return record
  }

  @Sendable private static func stores(_ exchange: Exchange) async throws -> Answer {
    let hosts = exchange.core.hosts.values.sorted { $0.name < $1.name }
    return Answer(
      try await exchange.onReader {
        hosts.map { host in
          var record = condition(host.name, host.condition)
          record.append("path", .text("/v1/stores/\(RequestTarget.encoded(host.name))"))
          // A store that cannot be read is listed all the same.
          if let counters = try? host.open().read({ try $0.counters }) {
            record.append("samples", .count(counters.live))
            record.append("log_sequence", .sequence(counters.lastSequence))
          }
          return record
        }
      })
  }
}
