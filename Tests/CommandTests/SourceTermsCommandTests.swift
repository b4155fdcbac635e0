import Foundation
import Testing

/// A source's licence and owner, from the command line to groups and filters.
@Suite struct SourceTermsCommandTests {
  private static func lines(_ name: String, _ extra: [String]) -> String {
    extra.enumerated().map { #"{"prompt":"\#(name) \#($0.offset)","completion":"c"\#($0.element)}"# + "\n" }.joined()
  }

  private static func prepare(_ program: Program) throws {
    try program.write(lines("a", ["", "", #","licence":"GPL""#]), to: "a.jsonl")
    try program.write(lines("b", ["", ""]), to: "b.jsonl")
    try program.write(lines("c", ["", #","lic":"CC0""#, #","lic":"CC0""#, #","lic":"other""#]), to: "c.jsonl")
    let made = try program.shell(
      """
      set -e; cohort init; cohort ingest a.jsonl --source a --licence MIT --owner 'the firm'
      cohort ingest b.jsonl --source b
      cohort ingest c.jsonl --source c --licence-field lic --progress on
      """)
    try #require(made.status == 0, "\(made)")
    #expect(made.errors.contains("1 records of 1 sources"), "\(made)")
  }

  private static func groups(_ program: Program) throws -> [String: Int] {
    let groups = try program.cohort("group", "list", "--grouping", "l", "--json").json() as? [[String: Any]] ?? []
    return Dictionary(
      groups.map { ($0["label"] as? String ?? "(none)", $0["size"] as? Int ?? -1) }, uniquingKeysWith: +)
  }

  @Test func termsAreShown() throws {
    try withProgram { program in
      try Self.prepare(program)
      let info = try program.cohort("info", "--json").json() as? [String: Any]
      #expect(
        info?["licences"] as? [String: Int] == ["MIT": 1, "CC0": 1]
          && info?["owners"] as? [String: Int] == ["the firm": 1])
      let sources = try program.cohort("sql", "SELECT name, licence, owner FROM sources ORDER BY id", "--format", "csv")
      #expect(sources.output.split { $0.isNewline } == ["name,licence,owner", "a,MIT,the firm", "b,,", "c,CC0,"])
      let log = try program.cohort("log", "--json").output
      #expect(log.contains("source-described") && log.contains(#""licence":"MIT","owner":"the firm""#), "\(log)")
    }
  }

  /// A sample's own attribute counts first, whenever the grouping looks at it.
  @Test func groupsFollowTheSources() throws {
    try withProgram { program in
      try Self.prepare(program)
      try program.write(Self.lines("d", ["", ""]), to: "d.jsonl")
      let made = try program.shell(
        """
        set -e; cohort grouping create l --by attribute:licence; cohort update
        cohort ingest d.jsonl --source d --licence CC0; cohort update; cohort verify --replay
        """)
      #expect(made.status == 0, "\(made)")
      let groups = try Self.groups(program)
      #expect(
        groups["MIT"] == 2 && groups["GPL"] == 1 && groups["CC0"] == 6 && groups.values.reduce(0, +) == 11, "\(groups)")
      // What was grouped by it stays as it is.
      let refused = try program.cohort("ingest", "b.jsonl", "--source", "b", "--licence", "MIT", "--json")
      #expect(refused.status == 2, "\(refused)")
      #expect(try refused.error()["code"] as? String == "store.source-terms")
      let other = try program.cohort("ingest", "b.jsonl", "--source", "b", "--owner", "someone")
      #expect(other.status == 0, "\(other)")
      // Groups made anew see what is said now, and those made step by step are the same.
      let anew = try program.shell(
        """
        set -e; cohort grouping drop l; cohort ingest b.jsonl --source b --licence MIT
        cohort grouping create l --by attribute:license; cohort update; cohort delete --source a --yes; cohort update
        cohort verify --replay
        """)
      #expect(anew.status == 0, "\(anew)")
      let left = try Self.groups(program)
      #expect(left["MIT"] == 2, "\(left)")
    }
  }

  @Test func sourcesAreFilteredByTheirTerms() throws {
    try withProgram { program in
      try Self.prepare(program)
      for (line, count) in [
        ("--where-source licence=MIT", 3), ("--where-source license=CC0", 4), ("--where-source licence!=MIT", 6),
        ("--where-source licence!=MIT --source b", 2), ("--where-source 'owner=the firm' --where licence=GPL", 1),
        ("--where licence=MIT", 2), ("--where licence=GPL", 1), ("--where licence!=MIT", 7), ("--where owner=x", 0),
        ("--where-source owner!=x --where-source licence=CC0", 4),
      ] {
        let dry = try program.shell("cohort delete \(line) --dry-run --json")
        #expect(dry.status == 0, "\(line)\n\(dry)")
        #expect(try (dry.json() as? [String: Any])?["deleted"] as? Int == count, "\(line)")
      }
      for line in ["delete --where-source name=a --yes", "delete --where-source a --yes"] {
        #expect(try program.shell("cohort \(line)").status == 2, "\(line)")
      }
      for flags in ["--licence a --licence-field b", "--owner ''", "--owner a --owner-field b"] {
        #expect(try program.shell("cohort ingest b.jsonl \(flags)").status == 2, "\(flags)")
      }
    }
  }
}
