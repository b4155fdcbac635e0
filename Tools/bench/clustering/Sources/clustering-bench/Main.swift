import CohortClustering
import CohortCore
import Foundation

/// The clustering engine and its kernel without store and files, for the scripts of Tools/bench.
@main
enum Main {
  static let usage = """
    usage: clustering-bench history VECTORS.npy [--order FILE] [--groups K | --group-size N] [--range R]
             [--threads N] [--stops N,N,...] [--audit SHARE] [--out PREFIX]
           clustering-bench assign VECTORS.npy CENTROIDS.npy [--threads N] [--out FILE]
    """

  static func main() {
    do {
      var arguments = CommandLine.arguments.dropFirst()
      switch arguments.popFirst() {
      case "history": try history(&arguments).run()
      case "assign": try assignment(&arguments).run()
      default: throw BenchError(usage)
      }
    } catch {
      FileHandle.standardError.write(Data("clustering-bench: \(error)\n".utf8))
      exit(2)
    }
  }

  /// Prints one line of JSON.
  static func say(_ line: [String: Any]) throws {
    let text = try JSONSerialization.data(withJSONObject: line, options: [.sortedKeys])
    FileHandle.standardOutput.write(text + Data("\n".utf8))
  }

  private static func history(_ arguments: inout ArraySlice<String>) throws -> History {
    var history = History()
    history.vectors = try text(&arguments)
    while let option = arguments.popFirst() {
      switch option {
      case "--order": history.order = try text(&arguments)
      case "--groups": history.granularity = .groups(try number(&arguments))
      case "--group-size": history.granularity = .groupSize(try number(&arguments))
      case "--range": history.repairRange = UInt32(try number(&arguments))
      case "--threads": history.threads = max(try number(&arguments), 1)
      case "--stops": history.stops = try text(&arguments).split(separator: ",").compactMap { Int($0) }
      case "--audit": history.auditShare = try number(&arguments)
      case "--out": history.out = try text(&arguments)
      default: throw BenchError("no option \(option)\n\(usage)")
      }
    }
    return history
  }

  private static func assignment(_ arguments: inout ArraySlice<String>) throws -> AssignmentServer {
    var server = AssignmentServer()
    server.vectors = try text(&arguments)
    server.centroids = try text(&arguments)
    while let option = arguments.popFirst() {
      switch option {
      case "--threads": server.threads = max(try number(&arguments), 1)
      case "--out": server.out = try text(&arguments)
      default: throw BenchError("no option \(option)\n\(usage)")
      }
    }
    return server
  }

  private static func text(_ arguments: inout ArraySlice<String>) throws -> String {
    guard let value = arguments.popFirst() else { throw BenchError(usage) }
    return value
  }

  private static func number(_ arguments: inout ArraySlice<String>) throws -> Int {
    guard let value = Int(try text(&arguments)), value >= 0 else { throw BenchError(usage) }
    return value
  }
}
