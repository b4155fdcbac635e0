import CohortTesting
import Foundation
import Testing

/// Holds what lies in `Docs/operations` to the programs, as far as the tools for it are installed.
@Suite struct MonitoringTests {
  /// The names that a text uses, those of a histogram's parts as the histogram's own.
  private func metrics(in text: String) -> Set<String> {
    let names = text.matches(of: /\b(?:cohort|process)_[a-z_]+\b/).map { String($0.output) }
    return Set(names.map { $0.replacing(/_(?:bucket|sum|count)$/, with: "") })
  }

  /// The expressions of the rules, without what they tell people.
  private func rules() throws -> String {
    let lines = try Checkout.text("Docs/operations/alerts.yml").split(separator: "\n")
    return lines.filter { !$0.contains("summary:") && !$0.contains("description:") && !$0.hasPrefix("#") }
      .joined(separator: "\n")
  }

  /// The table in the document.
  private func documented() throws -> Set<String> {
    let lines = try Checkout.text("Docs/operations/README.md").split(separator: "\n")
    return Set(
      lines.filter { $0.hasPrefix("| `cohort_") || $0.hasPrefix("| `process_") }.flatMap { line in
        metrics(in: line.split(separator: "|").first.map(String.init) ?? "")
      })
  }

  // MARK: Files

  @Test func rulesAndDashboardUseMetricsThatThereAre() throws {
    let known = try documented()
    #expect(known.count > 20)
    for (place, text) in try [("alerts.yml", rules())] + Dashboard.queries().map({ ($0.panel, $0.query) }) {
      let unknown = metrics(in: text.replacing("cohort_connections", with: "")).subtracting(known)
      #expect(unknown.isEmpty, "\(place): \(unknown)")
    }
  }

  /// What the document lists is what the server writes.
  @Test func theDocumentListsTheServersMetrics() throws {
    let folder = Checkout.root.appending(path: "Sources/CohortServer/Metrics")
    let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    guard !files.isEmpty else { return print("skipped: the server has no metrics yet") }
    let text = try files.map { try String(contentsOf: $0, encoding: .utf8) }.joined()
    let defined = Set(text.matches(of: /"((?:cohort|process)_[a-z_]+)"/).map { String($0.output.1) })
    #expect(try documented() == defined)
  }

  @Test func panelsHaveTitlesQueriesAndPlaces() throws {
    let panels = try #require(try Dashboard.document()["panels"] as? [[String: Any]])
    #expect(panels.count > 20)
    let ids = panels.compactMap { $0["id"] as? Int }
    #expect(Set(ids).count == panels.count)
    for panel in panels where panel["type"] as? String != "row" {
      #expect(!(panel["title"] as? String ?? "").isEmpty && !(panel["description"] as? String ?? "").isEmpty)
      #expect(!((panel["targets"] as? [Any]) ?? []).isEmpty, "\(panel["title"] ?? "")")
      let place = try #require(panel["gridPos"] as? [String: Int])
      #expect((place["x"] ?? 0) + (place["w"] ?? 99) <= 24)
    }
  }

  /// Runs a tool in the folder of the files; nil when it is not installed.
  private func tool(_ name: String, _ script: String) throws -> Program.Result? {
    try withProgram { program in
      guard try program.shell("PATH=$PATH:/usr/sbin command -v \(name)").status == 0 else {
        print("skipped: \(name) is not installed")
        return nil
      }
      return try program.shell("cp -r '\(Checkout.path("Docs/operations"))'/. . && \(script)")
    }
  }

  @Test func promtoolAcceptsTheRules() throws {
    guard let result = try tool("promtool", "promtool check rules alerts.yml && promtool check config prometheus.yml")
    else { return }
    #expect(result.status == 0, "\(result)")
  }

  /// Prometheus can read each query of the dashboard: as rules they are checked.
  @Test func promtoolUnderstandsTheQueries() throws {
    var rules = "groups:\n- name: queries\n  rules:\n"
    for (number, query) in try Dashboard.queries().map(\.query).enumerated() {
      let plain = query.replacing("$__rate_interval", with: "1m").replacing("$instance", with: ".*")
        .replacing("$store", with: ".*")
      rules += "  - record: query:\(number)\n    expr: '\(plain.replacing("'", with: "''"))'\n"
    }
    guard let result = try tool("promtool", "cat > queries.yml <<'END'\n\(rules)END\npromtool check rules queries.yml")
    else { return }
    #expect(result.status == 0, "\(result)")
  }

  @Test func nginxAcceptsItsConfiguration() throws {
    let script = """
      openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -days 2 -subj /CN=x 2> /dev/null
      sed -e "s#/etc/ssl/certs/.*#$PWD/c.pem;#" -e "s#/etc/ssl/private/.*#$PWD/k.pem;#" nginx.conf > site.conf
      echo "pid $PWD/pid; error_log $PWD/log; events {} http { access_log off; include $PWD/site.conf; }" > all.conf
      PATH=$PATH:/usr/sbin nginx -t -c $PWD/all.conf
      """
    guard let result = try tool("nginx", script) else { return }
    #expect(result.status == 0, "\(result)")
  }

  /// The units name options that there are, and what systemd knows; nothing is left open without need.
  @Test func systemdAcceptsTheUnits() throws {
    let script = """
      sed -i "s#/usr/local/bin/cohortd#$(command -v cohortd)#" cohortd.service
      systemd-analyze verify --man=no ./cohortd.service ./cohortd.socket
      """
    guard let result = try tool("systemd-analyze", script) else { return }
    #expect(result.status == 0 && result.errors.isEmpty, "\(result)")
    guard
      let security = try tool(
        "systemd-analyze", "systemd-analyze security --offline=true --threshold=20 ./cohortd.service")
    else { return }
    #expect(security.status == 0, "\(security)")
  }
}

/// `Docs/operations/grafana.json`
enum Dashboard {
  static func document() throws -> [String: Any] {
    let text = try Checkout.text("Docs/operations/grafana.json")
    return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  /// Title of each panel, with its queries.
  static func queries() throws -> [(panel: String, query: String)] {
    let panels = try #require(try document()["panels"] as? [[String: Any]])
    return panels.flatMap { panel in
      ((panel["targets"] as? [[String: Any]]) ?? []).compactMap { target in
        (target["expr"] as? String).map { (panel["title"] as? String ?? "", $0) }
      }
    }
  }
}
