internal import CohortActions
internal import CohortCore
internal import CohortStore
internal import CohortSystem

extension MetricFamily {
  static let httpRequests = MetricFamily(
    "cohort_http_requests_total", .counter, "Requests by route, method and status.")
  static let httpSeconds = MetricFamily(
    "cohort_http_request_seconds", .histogram, "Time from a request's headers to the end of its answer.")
  static let httpConnections = MetricFamily("cohort_http_connections", .gauge, "Connections that are open.")
  static let httpRefused = MetricFamily(
    "cohort_http_connections_refused_total", .counter, "Connections that were one too many.")
  static let httpWorking = MetricFamily(
    "cohort_http_threads_busy", .gauge, "Threads that answer, by kind of work.")
  /// Records by what became of them, and the door that they came through.
  public static let ingestedRecords = MetricFamily(
    "cohort_ingested_records_total", .counter, "Records by what became of them and where they came in.")
  /// Bytes that were read of them.
  public static let ingestedBytes = MetricFamily(
    "cohort_ingested_bytes_total", .counter, "Bytes of records that were read.")
  /// From the last byte of an ingest request to the moment it was durable.
  public static let commitSeconds = MetricFamily(
    "cohort_commit_seconds", .histogram, "Time from a request's last byte of samples to its answer.")
  static let ingestRequests = MetricFamily(
    "cohort_ingest_requests_total", .counter, "Requests with samples by what became of them.")
  static let ingestGroups = MetricFamily(
    "cohort_ingest_groups_total", .counter, "Transactions that stored small bodies together.")
  static let ingestBodies = MetricFamily(
    "cohort_ingest_bodies", .gauge, "Small bodies that are whole and not stored yet.")
  static let ingestStreams = MetricFamily(
    "cohort_ingest_streams", .gauge, "Large bodies that are read at the moment, and that wait for it.")
  static let jobs = MetricFamily("cohort_jobs", .gauge, "Jobs by state.")
}

/// Looks up what is asked for at the moment it is asked for.
enum MetricCollection {
  /// All figures. Blocks: it reads the stores.
  static func text(of core: ServerCore) -> String {
    var text = MetricText()
    core.metrics.write(to: &text)
    text.add(
      1, to: MetricFamily("cohort_build_info", .gauge, "Always 1."), [MetricLabel("version", Release.version)])
    text.add(Double(core.connections), to: .httpConnections)
    for (kind, pool) in [("read", core.questions), ("write", core.writes), ("long", core.long)] {
      text.add(Double(pool.busy), to: .httpWorking, [MetricLabel("kind", kind)])
    }
    for host in core.hosts.values.sorted(by: { $0.name < $1.name }) {
      let labels = [MetricLabel("store", host.name)]
      condition(host.condition, labels, to: &text)
      if let intake = core.intakes[host.name] { statistics(intake.statistics, labels, to: &text) }
      for phase in [JobBoard.Phase.queued, .running, .done, .failed, .cancelled] {
        let count = core.jobs.counts(of: host.name)[phase] ?? 0
        text.add(Double(count), to: .jobs, labels + [MetricLabel("state", phase.rawValue)])
      }
      // A store that cannot be read has the figures that the process knows.
      try? store(host.open(), labels, to: &text)
    }
    ProcessFigures.write(to: &text)
    return text.text
  }

  private static func condition(_ condition: StoreCondition, _ labels: [MetricLabel], to text: inout MetricText) {
    func gauge(_ name: String, _ help: String, _ value: Double, _ further: [MetricLabel] = []) {
      text.add(value, to: MetricFamily(name, .gauge, help), labels + further)
    }
    // A process whose store is damaged ends; of those behind another process, that one says so.
    gauge("cohort_store_open", "Whether the store is open.", 1)
    gauge("cohort_store_damaged", "Whether the store is closed by damage.", 0)
    gauge(
      "cohort_disk_low", "Whether new samples are refused because the disk is nearly full.",
      condition.isShortOfRoom ? 1 : 0)
    gauge("cohort_guests", "Other processes that write beside this one.", Double(condition.guests))
    text.add(
      Double(condition.guestTurns),
      to: MetricFamily("cohort_guest_turns_total", .counter, "Write turns given to other processes."), labels)
    gauge(
      "cohort_turn_seconds", "For how long the present writer has had its turn; 0 where nobody writes.",
      condition.turn?.seconds ?? 0)
    gauge("cohort_turns_waiting", "Writers that wait for their turn.", Double(condition.turn?.waiting ?? 0))
    for (part, seconds) in condition.lag {
      gauge(
        "cohort_lag_seconds", "Seconds since a part of the store was up to date last.", seconds,
        [MetricLabel("part", part)])
    }
    // Parts without trouble have their series, too: one that comes and goes can be neither drawn nor compared.
    let troubled = Set(condition.troubles.map { $0.part })
    let fine = condition.lag.filter { !troubled.contains($0.part) }.map { ($0.part, "", 0.0) }
    for (part, code, value) in fine + condition.troubles.map({ ($0.part, $0.code, 1) }) {
      gauge(
        "cohort_part_trouble", "Parts that cannot be brought up to date, by the code of the error.", value,
        [MetricLabel("part", part), MetricLabel("code", code)])
    }
    let inbox = condition.inbox
    for (result, count) in [
      ("inserted", inbox.inserted), ("duplicate", inbox.duplicates), ("quarantined", inbox.quarantined),
    ] {
      text.add(
        Double(count), to: .ingestedRecords,
        labels + [MetricLabel("door", "inbox"), MetricLabel("result", result)])
    }
    for (result, count) in [("taken", inbox.files), ("failed", inbox.failedFiles)] {
      text.add(
        Double(count), to: MetricFamily("cohort_inbox_files_total", .counter, "Files of the inbox."),
        labels + [MetricLabel("result", result)])
    }
  }

  /// What came in over HTTP.
  private static func statistics(
    _ statistics: IntakeStatistics, _ labels: [MetricLabel], to text: inout MetricText
  ) {
    let door = labels + [MetricLabel("door", "http")]
    for (result, count) in [
      ("inserted", statistics.inserted), ("duplicate", statistics.duplicates),
      ("quarantined", statistics.quarantined),
    ] {
      text.add(Double(count), to: .ingestedRecords, door + [MetricLabel("result", result)])
    }
    text.add(Double(statistics.bytes), to: .ingestedBytes, door)
    for (result, count) in [
      ("done", statistics.requests), ("replayed", statistics.replays), ("failed", statistics.failures),
    ] {
      text.add(Double(count), to: .ingestRequests, labels + [MetricLabel("result", result)])
    }
    text.add(Double(statistics.groups), to: .ingestGroups, labels)
    for (state, count) in [("read", statistics.streams), ("waiting", statistics.waitingStreams)] {
      text.add(Double(count), to: .ingestStreams, labels + [MetricLabel("state", state)])
    }
    text.add(Double(statistics.waitingBodies), to: .ingestBodies, labels)
    let seconds = statistics.commitSeconds
    text.add(seconds.counts, sum: seconds.sum, to: .commitSeconds, labels)
  }

  private static func store(_ store: Store, _ labels: [MetricLabel], to text: inout MetricText) throws {
    func gauge(_ name: String, _ help: String, _ value: Double, _ further: [MetricLabel] = []) {
      text.add(value, to: MetricFamily(name, .gauge, help), labels + further)
    }
    try store.read { transaction in
      let counters = try transaction.counters
      gauge("cohort_samples", "Samples that are not deleted.", Double(counters.live))
      gauge("cohort_deleted_samples", "Samples that were deleted.", Double(counters.deleted))
      gauge("cohort_quarantined_records", "Records in quarantine.", Double(counters.quarantined))
      gauge("cohort_log_sequence", "The last log entry's number.", Double(counters.lastSequence.rawValue))
      for (part, samples) in try Backlog(transaction).parts {
        gauge(
          "cohort_backlog_samples", "Samples that a part of the store has not seen.", Double(samples),
          [MetricLabel("part", part.text)])
      }
    }
    let sizes = try store.sizes()
    gauge("cohort_readers", "Reader slots in use.", Double(sizes.readers))
    gauge(
      "cohort_reader_lag_commits", "Commits that the oldest reader is behind.", Double(try store.readerLag() ?? 0))
    gauge("cohort_file_bytes", "Bytes of the data file.", Double(sizes.fileBytes))
    gauge("cohort_map_bytes", "Bytes that the data file is mapped into.", Double(sizes.mapBytes))
    if let free = sizes.freeDiskBytes { gauge("cohort_disk_free_bytes", "Free bytes of the disk.", Double(free)) }
  }
}

/// What the system says of this process.
enum ProcessFigures {
  static func write(to text: inout MetricText) {
    func add(_ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: Double?) {
      if let value { text.add(value, to: MetricFamily(name, kind, help)) }
    }
    let statistics = words(of: "/proc/self/stat")
    let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
    // Behind the program's name, which may hold anything, field 3 is the first.
    func field(_ number: Int) -> Double? {
      statistics.indices.contains(number - 3) ? Double(statistics[number - 3]) : nil
    }
    if let user = field(14), let system = field(15) {
      add("process_cpu_seconds_total", .counter, "Processor time.", (user + system) / ticks)
    }
    add(
      "process_resident_memory_bytes", .gauge, "Memory in use.",
      field(24).map { $0 * Double(sysconf(Int32(_SC_PAGESIZE))) })
    if let start = field(22), let boot = bootSeconds {
      add("process_start_time_seconds", .gauge, "When the process began, since 1970.", boot + start / ticks)
    }
    add("process_threads", .gauge, "Threads.", field(20))
    add(
      "process_open_fds", .gauge, "Descriptors in use.",
      (try? SystemCall.rawNames(in: "/proc/self/fd")).map { Double($0.count - 1) })
    var limit = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      add("process_max_fds", .gauge, "Descriptors that may be used.", Double(limit.rlim_cur))
    }
  }

  private static func text(of path: String) -> String {
    guard let bytes = try? SystemCall.contents(of: path, limit: 1 << 20) else { return "" }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func words(of path: String) -> [Substring] {
    let text = text(of: path)
    guard let end = text.lastIndex(of: ")") else { return [] }
    return text[text.index(after: end)...].split { $0 == " " || $0 == "\n" }
  }

  private static var bootSeconds: Double? {
    for line in text(of: "/proc/stat").split(separator: "\n") where line.hasPrefix("btime ") {
      return Double(line.dropFirst(6))
    }
    return nil
  }
}
