import CohortTesting
import Foundation
import Testing

/// What the program says when something goes wrong is true, and a program can read it.
@Suite struct ErrorTests {
  /// Limits the size of files for what follows, as a full disk would: the signal that comes with it is ignored.
  private static func limited(toKiB size: Int) -> String { "trap '' XFSZ; ulimit -f \(size);" }

  private static func text(_ error: [String: Any], _ key: String) -> String { error[key] as? String ?? "" }

  /// An ingestion that runs into a full disk says what it stored before, and goes on behind it.
  @Test(.enabled(if: TemporaryDisk.isPossible, "\(TemporaryDisk.reason)"))
  func aFullDiskSaysWhatWasTakenIn() throws {
    try withProgram { program in
      let disk = try TemporaryDisk(megabytes: 44, at: program.folder.appendingPathComponent("disk").path)
      defer { disk.remove() }
      // 15 batches of input that hardly compress; a transaction takes at most 8 of them, and the disk holds more.
      let made = try program.shell(
        """
        head -c 45000000 /dev/urandom | base64 -w 12000 | sed 's/.*/{"prompt":"&","completion":"x"}/' > data.jsonl
        """)
      try #require(made.status == 0, "\(made)")
      let ingest = "cohort --store disk/s ingest data.jsonl --workers 1"
      // Whoever looks for no duplicates cannot go on so.
      let careless = try program.shell("cohort --store disk/s init > /dev/null && \(ingest) --dedupe none")
      #expect(careless.status == 75 && careless.errors.contains("records are done"), "\(careless)")
      #expect(!careless.errors.contains("Run the same command"), "\(careless)")

      let full = try program.shell("rm -r disk/s && cohort --store disk/s init > /dev/null && \(ingest) --json")
      #expect(full.status == 75, "\(full)")
      let document = try #require(try full.json() as? [String: Any], "\(full)")
      let error = try #require(document["error"] as? [String: Any])
      let before = try #require(document["inserted"] as? Int)
      #expect(before > 0 && document["records"] as? Int == before, "\(full)")
      #expect(Self.text(error, "code") == "lmdb.disk-full" && error["exit_code"] as? Int == 75, "\(full)")
      #expect(Self.text(error, "message").contains("taken in before (\(before) new samples) stays"), "\(full)")
      #expect(Self.text(error, "hint").contains("same command again"), "\(full)")
      let info = try program.cohort("--store", "disk/s", "info", "--json")
      #expect((try info.json() as? [String: Any])?["samples"] as? Int == before, "\(info)")
      // For people the counts are on standard output.
      let people = try program.shell(ingest)
      #expect(people.status == 75 && people.output.contains("duplicates"), "\(people)")
      #expect(people.errors.contains("new samples) stays"), "\(people)")

      try disk.resize(megabytes: 200)
      let rest = try program.shell("\(ingest) --json")
      let counts = try #require(try rest.json() as? [String: Any])
      #expect(rest.status == 0 && counts["duplicates"] as? Int ?? 0 >= before, "\(rest)")
      #expect(try program.cohort("--store", "disk/s", "verify").status == 0)
    }
  }

  /// Models and tokenizers are copied into the store: no room for them may pass, too.
  @Test func aFullDiskIsTemporaryForCopiedFilesToo() throws {
    let tokenizer = Checkout.bundledTokenizer
    try withProgram { program in
      try #require(try program.cohort("init").status == 0)
      for (limit, command) in [
        (2048, "grouping create topics --by embedding"),
        (256, "length add bert --unit tokens --tokenizer \(tokenizer)"),
      ] {
        let full = try program.shell("\(Self.limited(toKiB: limit)) exec cohort \(command) --json")
        #expect(full.status == 75, "\(full)")
        let error = try full.error()
        #expect(Self.text(error, "code") == "pipeline.disk-full", "\(full)")
        #expect(Self.text(error, "cause").contains("full"), "\(full)")
        let again = try program.shell("cohort \(command)")
        #expect(again.status == 0, "\(again)")
      }
    }
  }

  /// One document on standard output, also when there is a result and an error.
  @Test func aBrokenSourceIsOneDocument() throws {
    try withProgram { program in
      try program.write(PipelineTests.lines(4000), to: "whole.jsonl")
      let made = try program.shell(
        "cohort init && gzip whole.jsonl && head -c $(($(wc -c < whole.jsonl.gz) / 2)) whole.jsonl.gz > cut.jsonl.gz"
      )
      try #require(made.status == 0, "\(made)")
      for format in ["json", "jsonl"] {
        let result = try program.cohort("ingest", "cut.jsonl.gz", "--format", format)
        #expect(result.status == 4 || result.status == 1, "\(result)")
        let document = try #require(try result.json() as? [String: Any], "\(result)")
        let error = try #require(document["error"] as? [String: Any], "\(result)")
        #expect(Self.text(error, "code") == "ingestion.damaged-input" && document["inserted"] != nil, "\(result)")
        #expect((document["failures"] as? [Any])?.count == 1, "\(result)")
      }
      let people = try program.cohort("ingest", "cut.jsonl.gz")
      #expect(people.output.contains("inserted") && people.errors.contains("error:"), "\(people)")
    }
  }

  /// A file that a user gives and that is no tokenizer says nothing about the store.
  @Test func whatIsNoTokenizerDamagesNothing() throws {
    try withProgram { program in
      try program.write("# Read me", to: "README.md")
      try program.write("{}", to: "empty.json")
      try program.write("", to: "nothing.json")
      try #require(try program.cohort("init").status == 0)
      for file in ["README.md", "empty.json", "nothing.json"] {
        let added = try program.cohort("length", "add", "x", "--unit", "tokens", "--tokenizer", file, "--json")
        #expect(added.status == 2, "\(added)")
        let error = try added.error()
        #expect(Self.text(error, "code") == "embedding.not-a-tokenizer", "\(added)")
        #expect(Self.text(error, "message").contains("tokenizer"), "\(added)")
        #expect(!added.output.contains("model's files"), "\(added)")
        let begun = try program.cohort("--store", "s", "init", "--length-unit", "tokens", "--tokenizer", file)
        #expect(begun.status == 2 && !program.exists("s"), "\(begun)")
      }
      let missing = try program.cohort("length", "add", "x", "--unit", "tokens", "--tokenizer", "nowhere", "--json")
      #expect(missing.status == 3 && !missing.output.contains("model"), "\(missing)")
    }
  }

  @Test func anEncoderThatIsNoneIsNamed() throws {
    try withProgram { program in
      let close = try program.cohort("init", "--embedding", "opnai", "--json")
      #expect(close.status == 3 && !program.exists("cohort"), "\(close)")
      #expect(Self.text(try close.error(), "code") == "cli.unknown-encoder")
      #expect(Self.text(try close.error(), "hint") == "Did you mean 'openai'?")
      let far = try program.cohort("init", "--embedding", "models/mine", "--json")
      #expect(Self.text(try far.error(), "message").contains("neither an encoder"), "\(far)")
      #expect(Self.text(try far.error(), "hint").contains("builtin, npy, none, openai, tei, ollama"), "\(far)")
      try program.write("", to: "folder/file")
      let other = try program.cohort("init", "--embedding", "folder", "--json")
      #expect(other.status == 3, "\(other)")
      #expect(Self.text(try other.error(), "code") == "embedding.no-model", "\(other)")
    }
  }

  @Test func thingsAreCalledByTheirWords() throws {
    try withProgram { program in
      try #require(try program.shell("cohort init && cohort space create a").status == 0)
      let twice = try program.cohort("space", "create", "a", "--json")
      #expect(Self.text(try twice.error(), "code") == "store.embedding-space-exists")
      #expect(Self.text(try twice.error(), "message") == #"There is already an embedding space named "a""#)
      let unknown = try program.cohort("space", "show", "b", "--json")
      #expect(Self.text(try unknown.error(), "code") == "store.unknown-embedding-space")
      #expect(Self.text(try unknown.error(), "message") == "There is no embedding space named 'b'")
    }
  }
}
