import CohortActions
import CohortCore
package import CohortIngestion
import CohortPipeline
import CohortStore
import CohortSystem

/// A folder that a store takes files from, and how they are read.
package struct InboxConfiguration: Hashable, Sendable {
  /// Empty until `DaemonConfiguration.complete` puts the store's own folder there.
  package var path = ""
  package var layout = "auto"
  package var map: [String] = []
  package var roles: [String] = []
  package var maxRank = 0
  package var task: String?
  package var taskField: String?
  package var taskFromFilename = false
  package var taskFromFolder = false
  package var dedupe: InboxDedupe?
  package var identity: [String] = []
  package var ignore: [String] = []
  package var updateLabels = false
  package var licence: String?
  package var licenceField: String?
  package var owner: String?
  package var ownerField: String?
  package var maxLineBytes = 16 << 20
  package var quoting = IngestionOptions.Quoting.auto
  package var split: String?
  package var consume = Consumption.move
  package var quiet = 1.0
  package var rescan = 30.0

  package init() {}

  /// All settings, in the order in which they are printed.
  package static let keys: [ConfigurationKey<Self>] = [
    .init("path", \.path, as: .path, "The folder that files are put into. Else the folder inbox in the store."),
    .init("layout", \.layout, "The layout of the files: auto, a known one, one of [layouts], or the path of one."),
    .init("map", \.map, as: .pairs, "Fields that hold the parts: prompt, response, messages, task and the like."),
    .init("roles", \.roles, as: .pairs, "Who a role's name in the data stands for: user, assistant, system or tool."),
    .init("max-rank", \.maxRank, 0...1 << 30, "In trees of replies: those up to this rank are taken; 0 is the best."),
    .init("task", \.task, "The task of all samples."),
    .init("task-field", \.taskField, "The field with the task."),
    .init("task-from-filename", \.taskFromFilename, "Whether the file's name is the task."),
    .init("task-from-folder", \.taskFromFolder, "Whether the name of the file's folder in the inbox is the task."),
    .init("dedupe", \.dedupe, "Where equal samples count as duplicates. Else as the store was created."),
    .init("identity", \.identity, "Attributes that make records with equal messages other samples."),
    .init("ignore", \.ignore, "Attributes that do not, whatever they are called."),
    .init(
      "update-labels", \.updateLabels, "Whether samples whose records come again get their task and attributes."),
    .init("licence", \.licence, "The licence of the sources. Kept in the log."),
    .init("licence-field", \.licenceField, "The field with the licence."),
    .init("owner", \.owner, "Whose the sources are. Kept in the log."),
    .init("owner-field", \.ownerField, "The field with the owner."),
    .init("max-line-bytes", \.maxLineBytes, 1...1 << 31, "The longest record; longer ones are quarantined."),
    .init("quoting", \.quoting, "Whether quotation marks in tables mean anything."),
    .init("split", \.split, "The split to read from a document that holds several."),
    .init("consume", \.consume, "What becomes of a file whose samples are durable."),
    .init("quiet", \.quiet, 0...3600, "Seconds in which a file must not change, unless it was renamed into the inbox."),
    .init("rescan", \.rescan, 0.1...86_400, "Seconds after which the inbox is looked through, whatever was noticed."),
  ]

  /// How its files are read, the task by folder aside.
  /// - Parameters:
  ///   - layouts: the user's own.
  ///   - workers: threads that parse.
  /// - Throws: what `problems` names.
  func ingestion(_ layouts: [Layout], workers: Int) throws -> IngestionOptions {
    var options = IngestionOptions()
    try options.setLayout(layout, own: layouts)
    for role in roles { try options.addRole(parsing: role) }
    if !map.isEmpty { options.map = try FieldMap(parsing: map.joined(separator: ",")) }
    options.highestRank = maxRank
    if let task { options.task = .fixed(task) }
    if let taskField { options.task = .field(taskField) }
    if taskFromFilename { options.task = .fileName }
    options.identity = IdentityRule(identityKeys: identity, ignoredKeys: ignore)
    options.quoting = quoting
    options.split = split
    options.limits.recordBytes = maxLineBytes
    options.workers = workers
    return options
  }

  /// Where the licence and the owner of its sources come from.
  var terms: SourceTermsRule {
    var rule = SourceTermsRule()
    rule.licence = licence.map { .text($0) } ?? licenceField.map { .field($0) }
    rule.owner = owner.map { .text($0) } ?? ownerField.map { .field($0) }
    return rule
  }

  /// Everything that makes no sense, each with the key that it is about.
  func problems(_ layouts: [Layout]) -> [(key: String, error: CohortError)] {
    var found: [(key: String, error: CohortError)] = []
    func check(_ key: String, _ body: () throws -> Void) {
      do { try body() } catch { found.append((key, CohortError(describing: error, as: .daemonConfigValue))) }
    }
    var options = IngestionOptions()
    check("layout") { try options.setLayout(layout, own: layouts) }
    check("map") { if !map.isEmpty { _ = try FieldMap(parsing: map.joined(separator: ",")) } }
    for role in roles { check("roles") { try options.addRole(parsing: role) } }
    let tasks = [
      ("task", task != nil), ("task-field", taskField != nil), ("task-from-filename", taskFromFilename),
      ("task-from-folder", taskFromFolder),
    ].filter(\.1).map(\.0)
    for key in tasks.dropFirst() { found.append((key, Self.exclusive(tasks[0], key))) }
    if licence != nil, licenceField != nil {
      found.append(("licence-field", Self.exclusive("licence", "licence-field")))
    }
    if owner != nil, ownerField != nil { found.append(("owner-field", Self.exclusive("owner", "owner-field"))) }
    for (key, text) in [("licence", licence), ("owner", owner)] {
      check(key) { if let text { try NameRule.check(text, of: key) } }
    }
    return found
  }

  private static func exclusive(_ one: String, _ other: String) -> CohortError {
    CohortError(.daemonConfigValue, "'\(one)' and '\(other)' exclude each other", hint: "Leave one of them away")
  }
}

/// What becomes of a file whose samples are durable.
package enum Consumption: String, CaseIterable, Sendable {
  case move, delete
}

/// The scopes of duplicates that an inbox can have: a file may come twice after a crash, so there must be one.
package enum InboxDedupe: String, CaseIterable, Sendable {
  case source, store

  var scope: DedupeScope { self == .source ? .source : .store }
}
