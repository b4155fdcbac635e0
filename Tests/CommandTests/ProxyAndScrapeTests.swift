import CohortTesting
import Foundation
import HostileServers
import Testing

/// A running daemon behind nginx and before Prometheus, with the files of `Docs/operations`.
@Suite(.serialized) struct ProxyAndScrapeTests {
  private static let token = "a-token-for-tests-0123456789"

  /// A daemon on a port of its own, with a store that has everything the dashboard shows.
  private func daemon(_ program: Program) throws -> (daemon: DaemonProcess, address: String) {
    try program.makeStore("main")
    try program.write("write \(Self.token)\n", to: "tokens")
    // A part that cannot be brought up to date: its server was there, and is gone.
    let server = try HostileServer(.init(seed: 1, faults: 0, drips: false)).start()
    let setUp = try program.shell(
      "chmod 600 tokens && cohort space create far --provider openai --url \(server.url) --model m --patience 1 --store main"
    )
    server.stop()
    try #require(setUp.status == 0, "\(setUp)")
    try program.write(
      """
      [http]
      listen = "127.0.0.1:0"
      token-file = "tokens"
      hosts = ["cohort.example.org"]
      [[stores]]
      path = "main"
      """, to: "c.toml")
    let daemon = try DaemonProcess(program, ["--config", "c.toml"], waitingFor: "ready")
    let addresses = try daemon.events("listening").compactMap { $0["address"] as? String }
    let address = try #require(addresses.first { !$0.hasPrefix("unix:") }, "\(daemon.log)")
    return (daemon, address)
  }

  private func isInstalled(_ tools: String...) throws -> Bool {
    try withProgram { program in
      for tool in tools where try program.shell("PATH=$PATH:/usr/sbin command -v \(tool)").status != 0 {
        print("skipped: \(tool) is not installed")
        return false
      }
      return true
    }
  }

  /// A process that ends with the test.
  private func background(_ program: Program, _ script: String) throws -> Process {
    let process = try program.process(URL(fileURLWithPath: "/bin/bash"), ["-c", "PATH=$PATH:/usr/sbin exec \(script)"])
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  private func end(_ process: Process) {
    process.terminate()
    process.waitUntilExit()
  }

  @Test func nginxPassesSamplesAndEventsAsTheyCome() throws {
    guard try isInstalled("nginx", "curl", "openssl") else { return }
    try withProgram { program in
      let (daemon, address) = try daemon(program)
      let port = Int.random(in: 32_000..<44_000)
      let folder = program.folder.path
      let site = try Checkout.text("Docs/operations/nginx.conf").replacing("127.0.0.1:8420", with: address)
        .replacing("listen 443", with: "listen 127.0.0.1:\(port)").replacing(/listen \[::\]:443.*\n/, with: "")
        .replacing(/\/etc\/ssl\/certs\/.*;/, with: "\(folder)/c.pem;")
        .replacing(/\/etc\/ssl\/private\/.*;/, with: "\(folder)/k.pem;")
      try program.write(site, to: "site.conf")
      try program.write(
        """
        daemon off; pid \(folder)/pid; error_log \(folder)/nginx.log;
        events {}
        http { access_log off; client_body_temp_path \(folder)/body; proxy_temp_path \(folder)/proxy; include \(folder)/site.conf; }
        """, to: "nginx.conf")
      let made = try program.shell(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 2 -subj /CN=cohort.example.org "
          + "-addext subjectAltName=DNS:cohort.example.org")
      try #require(made.status == 0, "\(made)")
      let nginx = try background(program, "nginx -c \(folder)/nginx.conf")
      defer { end(nginx) }
      try program.write(PipelineTests.lines(30), to: "data.jsonl")
      let ask =
        "curl -sS --retry 20 --retry-connrefused --retry-delay 1 --cacert c.pem "
        + "--resolve cohort.example.org:\(port):127.0.0.1 -H 'Authorization: Bearer \(Self.token)'"
      let url = "https://cohort.example.org:\(port)"
      let ready = try program.shell("\(ask) \(url)/readyz -o /dev/null -w '%{http_code}'")
      #expect(ready.output == "200", "\(ready)\n\((try? program.read("nginx.log")) ?? "")")

      // Events come at once: the stream is open while the samples are sent.
      let events = try background(program, "\(ask) -N -o events \(url)/v1/stores/main/events?since=0")
      defer { end(events) }
      let sent = try program.shell("\(ask) --data-binary @data.jsonl '\(url)/v1/stores/main/samples?source=web'")
      let counts = try #require(try sent.json() as? [String: Any], "\(sent)")
      #expect(counts["inserted"] as? Int == 30, "\(sent)")
      let hasEvents = isReached(within: 10, every: 0.05) { ((try? program.read("events")) ?? "").contains("data:") }
      #expect(hasEvents, "\((try? program.read("events")) ?? "nothing")")

      // The daemon stops a sender, not the proxy; and who comes with another name is no client of it.
      let wrong = ask.replacing(Self.token, with: "wrong-token-wrong-token")
      let stranger = try program.shell("\(wrong) -o /dev/null -w '%{http_code}' \(url)/v1/stores/main")
      #expect(stranger.output == "401", "\(stranger)")
      let metrics = try program.shell("\(ask) \(url)/metrics")
      #expect(metrics.output.contains("cohort_samples{store=\"main\"} 30"), "\(metrics.output.prefix(500))")
      #expect(daemon.end() == 0, "\(daemon.log)")
    }
  }
}
