import CohortCore
import CohortIngestion
import CohortTesting
import Foundation
import Testing

@Suite struct DiscoveryTests {
  let line = #"{"text":"t"}"#

  @Test func foldersAreReadInByteOrder() throws {
    let folder = try TemporaryFolder()
    for name in ["b.jsonl", "a/z.json", "a/b.csv", "B.jsonl", "a.jsonl", "ä.jsonl", "a/deep/x.jsonl.gz"] {
      try folder.write(name, line)
    }
    let found = try InputSource.discover([folder.path])
    let paths = found.sources.map { String($0.description.path.dropFirst(folder.path.count + 1)) }
    #expect(paths == ["B.jsonl", "a/b.csv", "a/deep/x.jsonl.gz", "a/z.json", "a.jsonl", "b.jsonl", "ä.jsonl"])
    #expect(found.sources[1].description.name == "a/b.csv")
    #expect(found.notes.isEmpty)
  }

  @Test func whatIsLeftOutHasANote() throws {
    let folder = try TemporaryFolder()
    let outside = try TemporaryFolder()
    try folder.write("data.jsonl", line)
    try folder.write("LICENSE", "MIT License")
    try folder.write(".hidden.jsonl", line)
    try folder.write("image.bin", [1, 0, 2, 0])
    try folder.write("table.parquet", "PAR1....")
    try folder.write("noext", line)
    let target = try outside.write("far.jsonl", line)
    let manager = FileManager.default
    try manager.createSymbolicLink(atPath: folder.path + "/out.jsonl", withDestinationPath: target)
    try manager.createSymbolicLink(atPath: folder.path + "/in.jsonl", withDestinationPath: folder.path + "/data.jsonl")
    try manager.createSymbolicLink(atPath: folder.path + "/loop", withDestinationPath: folder.path)
    try manager.createSymbolicLink(atPath: folder.path + "/dead.jsonl", withDestinationPath: "/nowhere/at/all")
    let found = try InputSource.discover([folder.path])
    #expect(
      found.sources.map { $0.description.path.split(separator: "/").last } == ["data.jsonl", "in.jsonl", "noext"])
    let notes = Dictionary(
      uniqueKeysWithValues: found.notes.map { (String($0.path.split(separator: "/").last ?? ""), $0.message) })
    #expect(
      notes == [
        "LICENSE": "skipped: not a data file (give its path to read it anyway)",
        ".hidden.jsonl": "skipped: hidden",
        "image.bin": "skipped: unknown binary data",
        "table.parquet":
          "skipped: Parquet. Write it as JSON lines first, in Python: "
          + "datasets.load_dataset(\"parquet\", data_files=FILE)[\"train\"].to_json(OUT)",
        "out.jsonl": "skipped: a symbolic link out of the folder",
        "loop": "skipped: a symbolic link out of the folder",
        "dead.jsonl": "skipped: a symbolic link that leads nowhere",
      ])
  }

  @Test func sourcesHaveTheNamesOfFoldersAndFiles() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("one/data.jsonl", line)
    try folder.write("two/one/data.jsonl", line)
    #expect(try InputSource.file(path).description.name == "one/data.jsonl")
    #expect(try InputSource.discover([path], sourceName: "mine").sources.first?.description.name == "mine")
    let result = try read([.file(path)], options { $0.sourceName = "mine" })
    #expect(result.samples.first?.source == "mine")
    let both = try InputSource.discover([folder.path])
    #expect(both.notes.count == 1 && both.notes[0].message.contains("has the source name one/data.jsonl"))
    #expect(try InputSource.discover(["-"]).sources.first?.description == SourceDescription(name: "stdin", path: "-"))
  }

  @Test func absentPathsAreNotFound() throws {
    let error = try failure { _ = try InputSource.discover(["/nowhere/at/all.jsonl"]) }
    #expect(error.category == .notFound)
    #expect(error.place == "/nowhere/at/all.jsonl")
  }

  @Test func dataSetInfoNamesFilesAndColumns() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      "dataset_info.json",
      """
      {
        "chat": {"file_name": "chat.json", "formatting": "sharegpt",
          "columns": {"messages": "turns"},
          "tags": {"role_tag": "who", "content_tag": "says", "user_tag": "person", "assistant_tag": "machine"}},
        "plain": {"file_name": "plain.json", "columns": {"prompt": "ask", "response": "reply"}},
        "standard": {"file_name": "standard.json"},
        "far": {"hf_hub_url": "somebody/something"},
        "gone": {"file_name": "gone.json"},
        "odd": {"file_name": "odd.json", "formatting": "strange"}
      }
      """)
    try folder.write(
      "chat.json", #"[{"turns":[{"who":"person","says":"U"},{"who":"machine","says":"A"}],"system":"S"}]"#)
    // `columns` names no input and no system: they are attributes, not parts of the sample.
    try folder.write("plain.json", #"[{"ask":"P","reply":"R","input":"x","system":"S"}]"#)
    try folder.write("standard.json", #"[{"instruction":"I","input":"x","output":"O","system":"S"}]"#)
    try folder.write("odd.json", #"[{"text":"T"}]"#)
    let found = try InputSource.discover([folder.path])
    let result = try read(found.sources)
    #expect(
      result.samples.map(\.dialog) == [
        ["user: U", "assistant: A"], ["assistant: T"], ["user: P", "assistant: R"],
        ["system: S", "user: I\nx", "assistant: O"],
      ])
    #expect(result.samples.map(\.attributes) == [#"{"system":"S"}"#, "", #"{"input":"x","system":"S"}"#, ""])
    #expect(
      found.notes.map(\.message) == [
        "data set 'far': has no file_name; only local files are read",
        "data set 'odd': the formatting 'strange' is not known; the layout of odd.json is detected",
        "names gone.json, which is not there",
      ])
    // A damaged description is no reason to leave the data alone.
    try folder.write("dataset_info.json", "{")
    let damaged = try InputSource.discover([folder.path])
    #expect(damaged.sources.count == 4)
    #expect(
      damaged.notes.map(\.message) == [
        "the description of the data sets is damaged: the text ends inside the object that opens at line 1, column 1 "
          + "of the record. The layouts of the files beside it are detected"
      ])
  }

  @Test func filesThatDescribeAreNoData() throws {
    let folder = try TemporaryFolder()
    try folder.write("dataset_info.json", #"{"features": {"text": {"dtype": "string"}}, "splits": {"train": {}}}"#)
    for name in ["dataset_infos.json", "config.json", "package.json", "state.json", "tokenizer.json"] {
      try folder.write(name, #"{"version": 1, "default": {"features": {}}}"#)
    }
    try folder.write("data.jsonl", line)
    try folder.write("deep/config.json", "[\(line)]")
    try folder.write("index.html", "<!DOCTYPE html><html></html>")
    try folder.write("weights.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 1\n")
    let found = try InputSource.discover([folder.path])
    #expect(found.sources.map { $0.description.path.split(separator: "/").last } == ["data.jsonl", "config.json"])
    #expect(found.notes.count == 8)
    let texts = Set(found.notes.map(\.message))
    #expect(texts.contains("skipped: the description of a data set of Hugging Face"))
    #expect(texts.contains("skipped: a web page (HTML or XML)"))
    #expect(texts.contains { $0.contains("git lfs pull") })
    // By its own path any of them is read.
    #expect(try InputSource.discover([folder.file("config.json")]).sources.count == 1)
  }
}
