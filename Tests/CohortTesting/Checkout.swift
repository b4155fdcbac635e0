package import Foundation

/// The files beside the tests: the checkout in which they were built.
package enum Checkout {
  package static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Real samples with their vectors: `gsm8k` and `p3`, `gsm8k.npy` and `p3.npy`.
  package static let quickstartData = path("Tools/quickstart-data")

  /// The folder of the model in the programs, and its tokenizer.
  package static let bundledModel = path("Sources/CBundledModel/minilm-l6-256")
  package static let bundledTokenizer = bundledModel + "/tokenizer.json"

  /// What lies beside the checkout, or a level above that, where it does: data and models too large for the repository.
  package static let shared = [root, root.deletingLastPathComponent()]
    .map { $0.deletingLastPathComponent().appendingPathComponent("shared") }

  /// The golden files of a test target.
  package static func fixtures(of target: String) -> URL { root.appendingPathComponent("Tests/\(target)/Fixtures") }

  package static func path(_ name: String) -> String { root.appendingPathComponent(name).path }

  /// The text of a file.
  package static func text(_ name: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
  }
}
