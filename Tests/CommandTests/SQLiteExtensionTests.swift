import Foundation
import Testing

/// Cohort's library as an extension of somebody else's SQLite: Python's, in a process of its own, and the shell `sqlite3`.
@Suite struct SQLiteExtensionTests {
  /// The library under the name that tells SQLite where it begins.
  private static func library(_ program: Program) throws -> String {
    let link = program.folder.appendingPathComponent("libcohort.so")
    let built = Program.executable("libCohortLibrary.so")
    try #require(FileManager.default.fileExists(atPath: built.path), "swift build --product CohortLibrary makes it")
    try FileManager.default.createSymbolicLink(at: link, withDestinationURL: built)
    return link.path
  }

  /// Runs a script of Python whose connection `db` has the extension; the interpreter must be one that can load extensions.
  private static func python(_ program: Program, _ script: String) throws -> Program.Result {
    let library = try library(program)
    let start = """
      import json, sqlite3, subprocess, sys
      db = sqlite3.connect(':memory:')
      db.enable_load_extension(True)
      db.load_extension(\(quoted(library)))
      def rows(sql, *values): return db.execute(sql, values).fetchall()
      def fails(sql, word):
          try: rows(sql)
          except sqlite3.Error as error: assert word in str(error), (sql, str(error))
          else: raise AssertionError(sql)

      """
    try program.write(start + script, to: "script.py")
    return try program.shell("/usr/bin/python3 script.py")
  }

  private static func quoted(_ text: String) -> String { "'\(text)'" }

  private static var canLoad: Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
    process.arguments = ["-c", "import sqlite3; sqlite3.Connection.enable_load_extension"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  @Test(.enabled(if: canLoad)) func pythonAsksAStore() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let result = try Self.python(
        program,
        """
        names = rows("SELECT cohort_open('cohort')")[0][0].split()
        assert 'samples' in names and 'nearest' in names, names
        samples, deleted, live = rows("SELECT samples, deleted, live FROM store_state")[0]
        assert rows("SELECT count(*) FROM samples")[0][0] == samples > 100, samples
        tasks = dict(rows("SELECT task, count(*) FROM samples WHERE NOT deleted GROUP BY task"))
        assert tasks['sum'] == 100, tasks
        assert rows("SELECT count(*) FROM samples WHERE task = ? AND id IN (0, 1, 2, 100, 200)", 'sum')[0][0] >= 1
        first = rows("SELECT id, source, prompt, response, json_extract(messages, '$[0].role') FROM samples WHERE id = 0")
        assert first[0][4] == 'user' and first[0][2], first
        assert rows("SELECT id FROM samples WHERE id = 1 OR id = 2 OR id = 1") == [(1,), (2,)]
        assert rows("SELECT vector_to_json(vector_from_json('[0.5,1]'))")[0][0] == '[0.5,1.0]'
        assert rows("SELECT 'abc' REGEXP 'b+c$', 'abc' REGEXP '^b'") == [(1, 0)]
        # Without an index, and with one that somebody else made.
        words = "SELECT id, score, snippet FROM search WHERE query = 'number 42'"
        found = rows(words)
        assert found[0][0] == 42 and '**42**' in found[0][2], found
        subprocess.run(['cohort', 'update'], check=True, stdout=subprocess.DEVNULL)
        assert rows(words) == found
        # A view of a database, and tables that are written into it.
        db.execute("CREATE VIEW long AS SELECT id FROM samples WHERE total_length > 10")
        assert rows("SELECT count(*) FROM long")[0][0] > 0
        db.execute("CREATE VIRTUAL TABLE s USING cohort('cohort', 'samples')")
        db.execute("CREATE VIRTUAL TABLE lengths USING cohort('cohort')")
        assert rows("SELECT count(*) FROM s JOIN lengths USING (id) WHERE measure = 'default'")[0][0] == live
        # What it does not do.
        for sql in ["INSERT INTO samples (id) VALUES (1)", "DELETE FROM samples", "UPDATE s SET task = 'x'"]:
            fails(sql, "may not be modified")
        fails("SELECT cohort_open('nowhere')", "nowhere")
        fails("CREATE VIRTUAL TABLE t USING cohort('cohort', 'nothing')", "no table")
        fails("SELECT * FROM steps", "needs a plan")
        fails("SELECT * FROM nearest WHERE query = 'words'", "no embedding space")
        fails("SELECT * FROM search", "needs a query")
        fails("SELECT centroid('nothing', 1)", "nothing")
        print("done", samples)
        """)
      #expect(result.status == 0 && result.output.hasPrefix("done"), "\(result)")
    }
  }

  /// Statements see one state each, whatever is written meanwhile by another process.
  @Test(.enabled(if: canLoad)) func aStatementSeesOneStateWhileOthersWrite() throws {
    try withProgram { program in
      _ = try program.cohort("init")
      try program.write(
        (0..<400).map { #"{"prompt":"question \#($0) of many","completion":"answer \#($0)"}"# + "\n" }.joined(),
        to: "some.jsonl")
      let result = try Self.python(
        program,
        """
        import time
        writer = subprocess.Popen(['bash', '-c',
            'for i in $(seq 12); do cohort ingest some.jsonl --source source$i --progress off; cohort delete $i --yes; done'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        rows("SELECT cohort_open('cohort')")
        states, end = [], time.time() + 60
        while writer.poll() is None and time.time() < end:
            state = rows('''SELECT sequence, samples, deleted, (SELECT count(*) FROM samples),
                (SELECT sum(deleted) FROM samples), (SELECT count(*) FROM lengths), (SELECT count(*) FROM samples
                WHERE response IS NOT NULL), sequence FROM store_state''')[0]
            assert state[1] == state[3] and state[2] == (state[4] or 0), state
            assert state[1] - state[2] == state[5] == state[6] and state[0] == state[7], state
            states.append(state[0])
        # A statement that is stopped half-way lets go of its state when it is reset.
        cursor = db.execute("SELECT id FROM samples")
        cursor.fetchone(); cursor.close()
        writer.wait()
        assert states == sorted(states) and len(set(states)) > 2, states
        print("done", len(states), len(set(states)))
        """)
      #expect(result.status == 0 && result.output.hasPrefix("done"), "\(result)")
      let info = try program.cohort("info", "--json").json() as? [String: Any]
      #expect(info?["samples"] as? Int == 400 * 12 - 12, "\(info as Any)")
    }
  }

  /// A statement is interrupted also where it finds no row for long.
  @Test(.enabled(if: canLoad)) func aStatementCanBeInterrupted() throws {
    try withProgram { program in
      try PipelineTests.prepared(program)
      let result = try Self.python(
        program,
        """
        import threading, time
        db.close()
        db = sqlite3.connect(':memory:', check_same_thread=False)
        db.enable_load_extension(True)
        db.load_extension('./libcohort.so')
        rows("SELECT cohort_open('cohort')")
        timer = threading.Timer(0.3, db.interrupt)
        timer.start()
        fails("SELECT count(*) FROM samples a, samples b, samples c, samples d WHERE a.id + b.id + c.id + d.id < 0", "interrupted")
        assert rows("SELECT count(*) FROM samples")[0][0] > 0
        print("done")
        """)
      #expect(result.status == 0 && result.output.hasPrefix("done"), "\(result)")
    }
  }

  @Test func theShellLoadsIt() throws {
    try withProgram { program in
      guard try program.shell("command -v sqlite3").status == 0 else { return }
      try PipelineTests.prepared(program)
      _ = try Self.library(program)
      let result = try program.shell(
        """
        sqlite3 :memory: '.load ./libcohort' "SELECT length(cohort_open('cohort')) > 20" \
          "SELECT count(*) FROM samples WHERE task = 'sum'" "SELECT count(*) FROM samples WHERE prompt REGEXP '[0-9]'"
        """)
      #expect(result.status == 0, "\(result)")
      let lines = result.output.split(separator: "\n")
      #expect(lines.count == 3 && lines[0] == "1" && lines[1] == "100", "\(result)")
    }
  }
}
