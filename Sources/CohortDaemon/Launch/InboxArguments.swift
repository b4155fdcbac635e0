internal import ArgumentParser
import CohortIngestion

/// How files are read, as flags. Words that `cohort ingest` knows mean the same here. They hold for all inboxes, and are
/// stronger than what a file says of them.
struct InboxArguments: ParsableArguments {
  @Option(help: ArgumentHelp("The layout of the files, or auto.", valueName: "layout")) var layout: String?
  @Option(help: ArgumentHelp("Fields that hold the parts: prompt=KEY,response=KEY,task=KEY.", valueName: "map"))
  var map: String?
  @Option(
    help: ArgumentHelp("Who a role's name in the data stands for: NAME=user|assistant|system|tool.", valueName: "role"))
  var role: [String] = []
  @Option(help: ArgumentHelp("In trees of replies: take those up to this rank; 0 is the best.", valueName: "rank"))
  var maxRank: Int?

  @Option(help: ArgumentHelp("The task of all samples.", valueName: "name")) var task: String?
  @Option(help: ArgumentHelp("The field with the task.", valueName: "key")) var taskField: String?
  @Flag(help: "The file's name is the task.") var taskFromFilename = false
  @Flag(help: "The name of the file's folder in the inbox is the task.") var taskFromFolder = false

  @Option(help: ArgumentHelp("Where equal samples count as duplicates: source or store.", valueName: "scope"))
  var dedupe: InboxDedupe?
  @Option(
    help: ArgumentHelp("Attributes that make records with equal messages other samples.", valueName: "key,..."))
  var identity: String?
  @Option(help: ArgumentHelp("Attributes that do not, whatever they are called.", valueName: "key,..."))
  var ignore: String?
  @Flag(help: "Correct task and attributes of samples whose records come again with others.") var updateLabels = false
  @Option(help: ArgumentHelp("The licence of the sources. Kept in the log.", valueName: "text")) var licence: String?
  @Option(help: ArgumentHelp("The field with the licence.", valueName: "key")) var licenceField: String?
  @Option(help: ArgumentHelp("Whose the sources are. Kept in the log.", valueName: "text")) var owner: String?
  @Option(help: ArgumentHelp("The field with the owner.", valueName: "key")) var ownerField: String?

  @Option(help: ArgumentHelp("The longest record; longer ones are quarantined.", valueName: "bytes"))
  var maxLineBytes: Int?
  @Option(
    help: ArgumentHelp("Whether quotation marks in tables mean anything: auto, always or never.", valueName: "rule"))
  var quoting: InboxQuoting?
  @Option(help: ArgumentHelp("The split to read from a document that holds several.", valueName: "name"))
  var split: String?

  @Option(help: "What becomes of a file whose samples are durable: move (the default) or delete.")
  var consume: Consumption?
  @Option(
    help: ArgumentHelp(
      "How long a file must not change, unless it was renamed into the inbox. Else 1.", valueName: "seconds"))
  var quiet: Double?
  @Option(
    help: ArgumentHelp(
      "How often the inboxes are looked through, whatever was noticed. Else every 30.", valueName: "seconds"))
  var rescan: Double?

  func validate() throws {
    for (name, value, range) in [("--quiet", quiet, 0...3600), ("--rescan", rescan, 0.1...86_400)] {
      if let value, !range.contains(value) {
        throw ValidationError("\(name) takes seconds from \(range.lowerBound) to \(range.upperBound).")
      }
    }
    if let maxLineBytes, !(1...1 << 31).contains(maxLineBytes) {
      throw ValidationError("--max-line-bytes takes a number from 1 to \(1 << 31).")
    }
    if let maxRank, !(0...1 << 30).contains(maxRank) { throw ValidationError("--max-rank takes a number from 0.") }
  }

  /// Puts what was said in place of what is there. Of rules that exclude each other, one that was said removes the others.
  func apply(to inbox: inout InboxConfiguration) {
    if let layout { inbox.layout = layout }
    if let map { inbox.map = ConfigurationValue.parts(map) }
    if !role.isEmpty { inbox.roles = role }
    if let maxRank { inbox.maxRank = maxRank }
    if task != nil || taskField != nil || taskFromFilename || taskFromFolder {
      (inbox.task, inbox.taskField) = (task, taskField)
      (inbox.taskFromFilename, inbox.taskFromFolder) = (taskFromFilename, taskFromFolder)
    }
    if let dedupe { inbox.dedupe = dedupe }
    if let identity { inbox.identity = ConfigurationValue.parts(identity) }
    if let ignore { inbox.ignore = ConfigurationValue.parts(ignore) }
    if updateLabels { inbox.updateLabels = true }
    if licence != nil || licenceField != nil { (inbox.licence, inbox.licenceField) = (licence, licenceField) }
    if owner != nil || ownerField != nil { (inbox.owner, inbox.ownerField) = (owner, ownerField) }
    if let maxLineBytes { inbox.maxLineBytes = maxLineBytes }
    if let quoting { inbox.quoting = quoting.rule }
    if let split { inbox.split = split }
    if let consume { inbox.consume = consume }
    if let quiet { inbox.quiet = quiet }
    if let rescan { inbox.rescan = rescan }
  }
}

extension InboxDedupe: ExpressibleByArgument {}
extension Consumption: ExpressibleByArgument {}

/// The library's type belongs to another module: it gets no conformance here.
enum InboxQuoting: String, ExpressibleByArgument, CaseIterable {
  case auto, always, never

  var rule: IngestionOptions.Quoting {
    switch self {
    case .auto: .auto
    case .always: .always
    case .never: .never
    }
  }
}
