import CohortTesting
import Foundation
import Testing

/// `cohort` is the daemon where it is called `cohortd`, whatever its file is called.
@Suite struct OneProgramTests {
  @Test func theNameDecides() throws {
    try withProgram { program in
      let result = try program.shell(
        """
        ln -s "$(command -v cohort)" cohortd
        ln -s "$(command -v cohort)" my-cohortd
        ./cohortd --version; ./my-cohortd --version
        (exec -a cohortd cohort --version); (exec -a cohortd.old cohort --version)
        cmp <(./cohortd --help) <(cohortd --help) && cmp <(cohortd --experimental-dump-help) <(
          ./cohortd --experimental-dump-help) && echo same
        """)
      let release = try program.cohort("--version").output.dropFirst("cohort ".count)
      #expect(
        result.output == "cohortd \(release)cohort \(release)cohortd \(release)cohort \(release)same\n", "\(result)")
    }
  }

  #if os(Linux)
    @Test func processesOfStoresAreTheDaemonToo() throws {
      try withProgram { program in
        for store in ["a", "b"] {
          try program.makeStore(store)
          try program.write(PipelineTests.lines(5), to: "\(store)/inbox/five.jsonl")
        }
        let result = try program.shell(
          """
          ln -s "$(command -v cohort)" cohortd
          ./cohortd --store a --store b 2> log & daemon=$!
          for i in $(seq 600); do
            [ "$(grep -c event=ingested log)" = 2 ] && break
            sleep 0.1
          done
          cat /proc/$daemon/comm
          for child in $(cat /proc/$daemon/task/*/children); do cat /proc/$child/comm; done
          kill $daemon; wait $daemon; echo $?
          cohort info --store a --json; cohort info --store b --json
          """)
        let lines = result.output.split(separator: "\n")
        let log = try program.read("log")
        #expect(lines.prefix(4) == ["cohortd", "cohortd", "cohortd", "0"], "\(result)\n\(log)")
        for line in lines.dropFirst(4) {
          let info = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
          #expect(info["samples"] as? Int == 5, "\(line)")
        }
        #expect(lines.count == 6, "\(result)")
      }
    }
  #endif
}
