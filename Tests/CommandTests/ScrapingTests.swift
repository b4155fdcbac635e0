import CohortTesting
import Foundation
import Testing

/// What `Docs/operations` tells operators to watch is there to be watched.
@Suite struct ScrapingTests {
  private static let isInstalled = ["prometheus", "promtool"].allSatisfy { name in
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
    }
  }

  /// `Tools/setup --monitoring` installs Prometheus where it can be had.
  @Test(.enabled(if: isInstalled, "needs prometheus and promtool"))
  func aRealPrometheusFindsEverySeriesOfTheDashboard() throws {
    try withProgram { program in
      let binaries = Program.executable("cohortd").deletingLastPathComponent().path
      let result = try program.shell(
        "python3 '\(Checkout.root.path)/Tools/monitoring-check' --binaries '\(binaries)'",
        environment: ProcessInfo.processInfo.environment.filter { $0.key == "HOME" })
      #expect(result.status == 0, "\(result)")
    }
  }
}
