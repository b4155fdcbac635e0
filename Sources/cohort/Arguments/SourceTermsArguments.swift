import ArgumentParser
import CohortPipeline
import CohortStore

/// The licence and the owner of what is ingested, as options.
struct SourceTermsArguments: ParsableArguments {
  @Option(help: ArgumentHelp("The licence of the sources. Kept in the log.", valueName: "text")) var licence: String?
  @Option(
    help: ArgumentHelp("The field with the licence: the first value of a source counts for it.", valueName: "key"))
  var licenceField: String?
  @Option(help: ArgumentHelp("Whose the sources are. Kept in the log.", valueName: "text")) var owner: String?
  @Option(help: ArgumentHelp("The field with the owner, as --licence-field.", valueName: "key"))
  var ownerField: String?

  func validate() throws {
    if licence != nil, licenceField != nil {
      throw ValidationError("--licence and --licence-field exclude each other.")
    }
    if owner != nil, ownerField != nil { throw ValidationError("--owner and --owner-field exclude each other.") }
    for (text, word) in [(licence, "licence"), (owner, "owner")] {
      if let text { try validating { try NameRule.check(text, of: word) } }
    }
  }

  var rule: SourceTermsRule {
    var rule = SourceTermsRule()
    rule.licence = licence.map { .text($0) } ?? licenceField.map { .field($0) }
    rule.owner = owner.map { .text($0) } ?? ownerField.map { .field($0) }
    return rule
  }
}
