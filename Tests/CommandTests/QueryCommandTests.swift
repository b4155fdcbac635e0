import Foundation
import Testing

/// Questions about samples, as they are typed.
@Suite struct QueryCommandTests {
  @Test func nearSaysWhatItReadAndNeverGivesTheSampleItself() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      try #require(
        try program.shell("cohort grouping create topics --by embedding --groups 6 && cohort update").status == 0)
      let found = try program.cohort("sample", "near", "--id", "17", "-k", "5", "--json")
      try #require(found.status == 0, "\(found)")
      let rows = try #require(try found.json() as? [[String: Any]])
      #expect(rows.count == 5)
      #expect(rows.allSatisfy { Set($0.keys) == ["id", "distance"] && $0["id"] as? Int != 17 })
      #expect(found.errors.contains("exact: read 300 vectors"))
      let distances = rows.compactMap { $0["distance"] as? Double }
      #expect(distances == distances.sorted() && distances.count == 5)
      let grouped = try program.cohort("sample", "near", "--id", "17", "--grouping", "topics", "--check", "--json")
      #expect(grouped.status == 0 && grouped.errors.contains("recall"), "\(grouped)")
      let table = try program.cohort("sample", "near", "--text", "question number 4 of poem", "-k", "3")
      #expect(table.status == 0 && table.output.contains("question number"), "\(table)")
      #expect(try program.cohort("sample", "near", "--id", "900", "--json").status == 3)
      #expect(try program.cohort("sample", "near", "--id", "1", "--text", "x", "--json").status == 2)
      #expect(try program.cohort("sample", "near", "--json").status == 2)
    }
  }

  @Test func aSampleIsShownWithItsGroupsAndSteps() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      try #require(
        try program.shell("cohort grouping create topics --by embedding --groups 6 && cohort update").status == 0)
      let shown = try program.cohort("sample", "show", "17", "--plan", "first", "--epoch", "1", "--json")
      let row = try #require((try shown.json() as? [[String: Any]])?.first, "\(shown)")
      let groups = try #require(row["groups"] as? [[String: Any]])
      #expect(groups.map { $0["grouping"] as? String } == ["tasks", "topics"])
      #expect(groups[0]["distance"] is NSNull && groups[0]["group"] is Int && groups[1]["distance"] is Double)
      let sql = try program.cohort(
        "plan", "which", "first", "--id", "17", "--epoch", "1", "--world", "4", "--accumulate", "2", "--json")
      let which = try #require(try sql.json() as? [String: Any], "\(sql)")
      let step = try #require((row["steps"] as? [[String: Any]])?.first?["step"] as? Int)
      #expect(which["step"] as? Int == step)
      let (rank, micro) = (try #require(which["rank"] as? Int), try #require(which["micro_batch"] as? Int))
      let batch = try program.cohort(
        "plan", "show", "first", "--epoch", "1", "--steps", "\(step)", "--rank", "\(rank)", "--world", "4",
        "--accumulate", "2", "--json")
      let parts = try #require(try batch.jsonLines().first?["micro_batches"] as? [[Int]], "\(batch)")
      #expect(parts[micro].contains(17))
      let texts = try program.cohort("plan", "show", "first", "--epoch", "1", "--steps", "\(step)", "--text")
      #expect(texts.output.contains("sample 17 ") && texts.output.contains("== epoch 1, step \(step): group"))
      #expect(try program.cohort("sample", "show", "17", "--epoch", "1").status == 2)
    }
  }

  @Test func aSavedQueryIsInTheStoreAndItsBackup() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let save = try program.cohort(
        "query", "save", "big", "SELECT name, inserted FROM sources WHERE inserted > :least", "--about",
        "sources by size",
        "--json")
      try #require(save.status == 0, "\(save)")
      #expect((try save.json() as? [String: Any])?["parameters"] as? [String] == ["least"])
      #expect(try program.cohort("query", "save", "big", "SELECT 1").status == 2)
      #expect(try program.cohort("query", "save", "big", "SELECT 1 AS one", "--replace").status == 0)
      #expect(try program.cohort("query", "save", "bad", "DELETE FROM sources").status == 2)
      #expect(try program.cohort("query", "save", "worse", "SELECT nothing FROM nowhere").status == 2)
      #expect(
        try program.cohort("query", "save", "least", "SELECT name FROM sources WHERE inserted >= :n").status == 0)
      #expect(try program.cohort("backup", "copy").status == 0)
      let listed = try program.cohort("--store", "copy", "query", "list", "--json")
      #expect((try listed.json() as? [[String: Any]])?.map { $0["query"] as? String } == ["big", "least"], "\(listed)")
      let run = try program.cohort("--store", "copy", "query", "run", "least", "--param", "n=300", "--format", "jsonl")
      #expect(try run.jsonLines().count == 1, "\(run)")
      #expect(try program.cohort("query", "run", "least", "--param", "n=301", "--json").output == "[]\n")
      #expect(try program.cohort("query", "run", "least").status == 2)
      #expect(try program.cohort("query", "run", "least", "--param", "m=1").status == 2)
      let missing = try program.cohort("query", "run", "leest", "--json")
      #expect(missing.status == 3)
      #expect(try missing.error()["hint"] as? String == "Did you mean 'least'?")
      #expect(try program.cohort("query", "drop", "least").status == 0)
      #expect(try program.cohort("query", "run", "least").status == 3)
      #expect(try program.cohort("verify").status == 0)
    }
  }

  @Test func groupingsAreComparedWithOneAnotherAndWithTheirPast() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      try program.write(PipelineTests.lines(60, from: 300), to: "more.jsonl")
      try #require(
        try program.shell(
          """
          set -e
          cohort ingest more.jsonl --task-field kind
          cohort sample relabel --task poem --to-task verse --yes
          cohort grouping create kinds --by attribute:kind
          cohort update
          """
        ).status == 0)
      let past = try program.cohort("group", "compare", "tasks@monday", "tasks", "--json")
      let record = try #require(try past.json() as? [String: Any], "\(past)")
      #expect(record["samples"] as? Int == 300 && record["only_second"] as? Int == 60)
      let move = try #require((record["moves"] as? [[String: Any]])?.first)
      #expect(move["from_label"] as? String == "poem" && move["to_label"] as? String == "verse")
      #expect(move["size"] as? Int == 100 && record["moved"] as? Int == 100)
      #expect(record["adjusted_rand"] as? Double == 1)
      let table = try program.cohort("group", "compare", "tasks", "kinds")
      #expect(table.status == 0 && table.output.contains("contingency") && table.output.contains("verse"), "\(table)")
      #expect(try program.cohort("group", "compare", "tasks@tuesday", "tasks").status == 3)
      #expect(try program.cohort("group", "compare", "kinds@monday", "tasks").status == 3)
    }
  }

  @Test func duplicatesAreListedAndCountedBySources() throws {
    try withProgram { program in
      let poems = ["the sea at night", "a field of wheat", "snow on the roof", "the last train home"]
      func lines(_ texts: [String]) -> String {
        texts.map { #"{"prompt":"Write a poem about \#($0)","completion":"done"}"# + "\n" }.joined()
      }
      try program.write(lines(poems + ["integrals of rational functions"]), to: "old.jsonl")
      try program.write(lines(poems.map { $0 + "!" }), to: "new.jsonl")
      try #require(
        try program.shell(
          """
          set -e
          cohort init
          cohort ingest old.jsonl --source old
          cohort ingest new.jsonl --source new
          cohort space create default
          cohort update
          """
        ).status == 0)
      let found = try program.cohort("sample", "duplicates", "--threshold", "0.99", "--json")
      let clusters = try #require(try found.json() as? [[String: Any]], "\(found)")
      #expect(clusters.map { $0["ids"] as? [Int] } == [[0, 5], [1, 6], [2, 7], [3, 8]])
      #expect(found.errors.contains("cosine similarity of at least 0.99"))
      let counts = try program.cohort(
        "sample", "duplicates", "--threshold", "0.99", "--across", "new", "--counts", "--json")
      let pairs = try #require(try counts.json() as? [[String: Any]], "\(counts)")
      #expect(pairs.map { $0["samples"] as? Int } == [4, 4] && pairs[0]["share"] as? Double == 1)
      #expect(try program.cohort("sample", "duplicates", "--threshold", "0").status == 2)
      #expect(try program.cohort("sample", "duplicates", "--across", "nothing").status == 3)
    }
  }

  @Test func anExportTakesWhatAStatementNames() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let picked = try program.cohort(
        "export", "--where", "SELECT 7 AS id UNION ALL SELECT 3 UNION ALL SELECT 7", "--as", "messages", "--with",
        "ids", "-")
      #expect(try picked.jsonLines().map { $0["id"] as? Int } == [7, 3], "\(picked)")
      let first = try program.cohort(
        "export", "--where", "SELECT sequence, first_sample AS id FROM ingests", "--as", "messages", "--with", "ids",
        "-")
      #expect(try first.jsonLines().map { $0["id"] as? Int } == [0], "\(first)")
      for (sql, status) in [
        ("SELECT 1 AS a, 2 AS b", 2), ("SELECT 'x' AS id", 2), ("SELECT 900 AS id", 3), ("DELETE FROM log", 2),
        ("SELECT -1 AS id", 2),
      ] {
        let refused = try program.cohort("export", "--where", sql, "--as", "messages", "-", "--json")
        #expect(refused.status == Int32(status) && !refused.output.contains("messages"), "\(sql): \(refused)")
      }
      let both = try program.cohort("export", "--where", "SELECT 1", "--snapshot", "monday", "--as", "messages", "-")
      #expect(both.status == 2)
    }
  }

  @Test func aGroupTellsItsLengthsTasksAndNeighbours() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      try #require(
        try program.shell("cohort grouping create topics --by embedding --groups 6 && cohort update").status == 0)
      let listed = try program.cohort("group", "list", "--grouping", "topics", "--json")
      let group = try #require((try listed.json() as? [[String: Any]])?.first, "\(listed)")
      let (number, size) = (try #require(group["group"] as? Int), try #require(group["size"] as? Int))
      let shown = try program.cohort("group", "show", "\(number)", "--grouping", "topics", "--json")
      let record = try #require(try shown.json() as? [String: Any], "\(shown)")
      func sizes(_ name: String) throws -> Int {
        try #require(record[name] as? [[String: Any]]).reduce(0) { $0 + ($1["size"] as? Int ?? 0) }
      }
      #expect(try sizes("lengths") == size && sizes("task_mix") == size)
      let neighbours = try #require(record["neighbours"] as? [[String: Any]])
      let distances = neighbours.compactMap { $0["distance"] as? Double }
      #expect(!distances.isEmpty && distances == distances.sorted())
      #expect(neighbours.allSatisfy { $0["group"] as? Int != number })
      let table = try program.cohort("group", "show", "\(number)", "--grouping", "topics")
      #expect(table.output.contains("neighbours") && table.output.contains("lengths"), "\(table)")
    }
  }

  @Test func anAtlasHasPlacesAndNeighbours() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      try program.write(#"{"prompt":" ","completion":"nothing to embed"}"# + "\n", to: "blank.jsonl")
      try #require(
        try program.shell(
          """
          set -e
          cohort ingest blank.jsonl
          cohort grouping create topics --by embedding --groups 6
          cohort update
          """
        ).status == 0)
      let made = try program.cohort("export", "--as", "atlas", "atlas.jsonl", "--json")
      let report = try #require(try made.json() as? [String: Any], "\(made)")
      #expect(report["written"] as? Int == 300 && report["without_vector"] as? Int == 1)
      let lines = try program.read("atlas.jsonl").split(separator: "\n").map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
      try #require(lines.count == 300)
      for (row, line) in lines.enumerated() {
        #expect(line["x"] is Double && line["y"] is Double && line["group_topics"] is Int)
        let neighbours = try #require(line["neighbors"] as? [String: Any])
        let (ids, distances) = (neighbours["ids"] as? [Int] ?? [], neighbours["distances"] as? [Double] ?? [])
        #expect(ids.count == 15 && !ids.contains(row) && ids.allSatisfy { (0..<300).contains($0) })
        #expect(distances == distances.sorted())
      }
      // Six groups: all of them are looked at, and the neighbours are those of `near`.
      let near = try program.cohort("sample", "near", "--id", "17", "-k", "15", "--json")
      let expected = try #require(try near.json() as? [[String: Any]])
      let found = try #require((lines[17]["neighbors"] as? [String: Any])?["distances"] as? [Double])
      for (row, distance) in zip(expected, found) { #expect(abs((row["distance"] as? Double ?? 9) - distance) < 1e-6) }
      let again = try program.cohort("export", "--as", "atlas", "-", "--workers", "3")
      #expect(try again.output == program.read("atlas.jsonl"), "workers do not show")
      #expect(try program.cohort("export", "--as", "atlas", "--with", "ids", "-").status == 2)
    }
  }
}
