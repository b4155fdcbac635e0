internal import CohortCore
internal import CohortIngestion
internal import CohortPipeline
internal import CohortStore

/// The words of `cohort ingest` as parameters of a query.
struct IntakeParameters {
  /// Names, and what each takes, in the words of a reference.
  static let all: [(name: String, help: String)] = [
    ("source", "The name of the source: decides where duplicates are looked for. Else \"http\"."),
    ("layout", "auto, the name of a layout, or a format: csv, tsv, jsonl."),
    ("map", "Fields that hold the parts: prompt=KEY,response=KEY or messages=KEY, and others."),
    ("role", "Who a role's name in the data stands for: NAME=user|assistant|system|tool. May come several times."),
    ("max_rank", "In trees of replies: take those up to this rank; 0 is the best."),
    ("task", "The task of all samples."),
    ("task_field", "The field with the task."),
    ("dedupe", "Where equal samples count as duplicates: source, store, none. Else as the store was created."),
    ("identity", "Attributes, by commas, that make records with equal messages other samples."),
    ("ignore", "Attributes, by commas, that do not."),
    ("update_labels", "Correct task and attributes of samples whose records come again with others: true or false."),
    ("max_line_bytes", "The longest record; longer ones are quarantined."),
    ("quoting", "Whether quotation marks in tables mean anything: auto, always, never."),
    ("split", "The split to read from a document that holds several."),
    ("licence", "The licence of the source."), ("licence_field", "The field with the licence."),
    ("owner", "Whose the source is."), ("owner_field", "The field with the owner."),
  ]

  private(set) var request: IngestRequest
  private var seen: Set<String> = []

  init(_ defaults: IngestRequest) {
    request = defaults
    (request.paths, request.sources, request.embeddings, request.isDryRun) = ([], [], nil, false)
    request.namedRefusals = IntakeAnswer.refusals
  }

  /// Takes all parameters of a query.
  mutating func take(_ query: [(name: String, value: String)]) throws(CohortError) {
    for (name, value) in query {
      guard Self.all.contains(where: { $0.name == name }) else {
        let near = Suggestion.closest(to: name, among: Self.all.map(\.name)).map { "Did you mean '\($0)'? " } ?? ""
        throw CohortError(
          .serverIntakeParameter, "There is no parameter '\(name)'", place: name,
          hint: near + "There are " + Self.all.map(\.name).joined(separator: ", "))
      }
      guard seen.insert(name).inserted || name == "role" else {
        throw Self.refusal(name, "is there twice")
      }
      do {
        try take(name, value)
      } catch {
        var refusal = CohortError(describing: error, as: .serverIntakeParameter)
        refusal.place = name
        throw refusal
      }
    }
    for (one, other) in [("task", "task_field"), ("licence", "licence_field"), ("owner", "owner_field")]
    where seen.isSuperset(of: [one, other]) {
      throw Self.refusal(other, "and '\(one)' exclude each other")
    }
    if request.updatesLabels, request.dedupe == DedupeScope.none {
      throw Self.refusal("update_labels", "corrects what duplicates are duplicates of: it needs dedupe=source or store")
    }
  }

  private mutating func take(_ name: String, _ value: String) throws {
    switch name {
    case "source":
      try NameRule.check(value, of: "source")
      request.options.sourceName = value
    case "layout": try request.options.setLayout(named: value, own: request.options.ownLayouts)
    case "map": request.options.map = try FieldMap(parsing: value)
    case "role": try request.options.addRole(parsing: value)
    case "max_rank": request.options.highestRank = try Self.number(name, value, from: 0)
    case "task":
      try NameRule.check(value, of: "task")
      request.options.task = .fixed(value)
    case "task_field": request.options.task = .field(try Self.text(name, value))
    case "dedupe": request.dedupe = try Self.choice(name, value, DedupeScope.allCases, \.name)
    case "identity", "ignore":
      let (identity, ignored) = (keys["identity"] ?? [], keys["ignore"] ?? [])
      let new = value.split(separator: ",").map(String.init)
      keys[name] = new
      request.options.identity = IdentityRule(
        identityKeys: name == "identity" ? new : identity, ignoredKeys: name == "ignore" ? new : ignored)
    case "update_labels": request.updatesLabels = try Self.choice(name, value, ["true", "false"], \.self) == "true"
    case "max_line_bytes":
      let limit = try Self.number(name, value, from: 1)
      request.options.limits.recordBytes = min(limit, request.options.limits.recordBytes)
    case "quoting":
      request.options.quoting = try Self.choice(name, value, IngestionOptions.Quoting.allCases, \.rawValue)
    case "split": request.options.split = try Self.text(name, value)
    case "licence":
      try NameRule.check(value, of: "licence")
      request.terms.licence = .text(value)
    case "licence_field": request.terms.licence = .field(try Self.text(name, value))
    case "owner":
      try NameRule.check(value, of: "owner")
      request.terms.owner = .text(value)
    default: request.terms.owner = .field(try Self.text(name, value))
    }
  }

  /// Lists of keys that came.
  private var keys: [String: [String]] = [:]

  private static func refusal(_ name: String, _ what: String) -> CohortError {
    CohortError(.serverIntakeParameter, "The parameter '\(name)' \(what)", place: name)
  }

  private static func text(_ name: String, _ value: String) throws -> String {
    guard !value.isEmpty else { throw refusal(name, "is empty") }
    return value
  }

  private static func number(_ name: String, _ value: String, from least: Int) throws -> Int {
    guard let number = Int(value), number >= least else { throw refusal(name, "takes a number from \(least)") }
    return number
  }

  private static func choice<T>(
    _ name: String, _ value: String, _ choices: [T], _ word: (T) -> String
  ) throws -> T {
    guard let found = choices.first(where: { word($0) == value }) else {
      throw refusal(name, "takes one of " + choices.map(word).joined(separator: ", "))
    }
    return found
  }
}
