internal import CohortCore
internal import Foundation
internal import Synchronization

/// A server of the OpenAI interface that does what servers do on a bad day. Its faults are drawn from a seed; each comes
/// at most twice for the same request and twice for the vector of the same text, so that what it says about a text in the
/// long run is `ServerTruth`.
package final class HostileServer: Sendable {
  package struct Settings: Sendable {
    package var seed: UInt64
    /// Faults in a thousand requests.
    package var faults: Int
    /// More texts in a request are answered with 413.
    package var largest: Int
    /// Whether some answers never end; the client has to notice by the clock.
    package var drips: Bool

    package init(seed: UInt64, faults: Int = 400, largest: Int = .max, drips: Bool = true) {
      self.seed = seed
      self.faults = faults
      self.largest = largest
      self.drips = drips
    }
  }

  private struct State {
    var generator: SplitMix64
    var requestFaults: [UInt64: Int] = [:]
    var textFaults: [String: Int] = [:]
    var faults = 0
  }

  private let settings: Settings
  private let state: Mutex<State>

  package init(_ settings: Settings) {
    self.settings = settings
    state = Mutex(State(generator: SplitMix64(seed: settings.seed)))
  }

  /// Faults so far that had nothing to do with a text.
  package var faults: Int { state.withLock { $0.faults } }

  package func start() throws -> LoopbackServer { try LoopbackServer { self.reply($0) } }

  package func reply(_ request: ReceivedRequest) -> Reply {
    let texts = request.texts
    if texts.count > settings.largest { return .text(#"{"error":"too many inputs"}"#, status: 413) }
    let kinds = Set(texts.compactMap(ServerTruth.fault))
    if kinds.contains("reject") { return .text(#"{"error":{"message":"bad input"}}"#, status: 400) }
    if kinds.contains("crash") { return .text("Internal Server Error", status: 500) }
    if kinds.contains("hangup") { return .bytes(Data()) }
    return state.withLock { fault(request, texts, &$0) ?? honest(texts, request, &$0.generator) }
  }

  private func honest(_ texts: [String], _ request: ReceivedRequest, _ generator: inout SplitMix64) -> Reply {
    var items = texts.enumerated().map { index, text -> (Int, [Float]) in
      var vector = ServerTruth.vector(text)
      switch ServerTruth.fault(text) {
      case "nan": vector[index % vector.count] = .nan
      case "zero": vector = vector.map { _ in 0 }
      case "short": vector.removeLast()
      default: break
      }
      return (index, vector)
    }
    items.shuffle(using: &generator)
    return answer(request, items)
  }

  private func answer(_ request: ReceivedRequest, _ items: [(Int, [Float])], type: String = "application/json") -> Reply
  {
    .answer(200, ["Content-Type": type], body(request, items))
  }

  private func body(_ request: ReceivedRequest, _ items: [(Int, [Float])]) -> Data {
    let format = request.field("encoding_format") as? String ?? "float"
    let nan = items.count % 2 == 0 ? "NaN" : "null"
    let lines = items.map {
      #"{"object":"embedding","index":\#($0.0),"embedding":\#(ServerTruth.json($0.1, format: format, nan: nan))}"#
    }
    return Data((#"{"object":"list","data":["# + lines.joined(separator: ",") + #"],"model":"m"}"#).utf8)
  }

  /// Nil when this request is answered as it should be.
  private func fault(_ request: ReceivedRequest, _ texts: [String], _ state: inout State) -> Reply? {
    let key = XXH3.hash64(Array(request.body))
    guard Int.random(in: 0..<1000, using: &state.generator) < settings.faults, state.requestFaults[key, default: 0] < 2
    else { return nil }
    state.requestFaults[key, default: 0] += 1
    state.faults += 1
    var items = texts.enumerated().map { ($0.offset, ServerTruth.vector($0.element)) }
    let whole = body(request, items)
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(whole.count)\r\n\r\n"
    switch Int.random(in: 0..<18, using: &state.generator) {
    case 0: items.removeLast()
    case 1: items.append((items.count, [Float](repeating: 1, count: ServerTruth.dimension)))
    case 2: items[0].0 = items.count - 1 - (items.count == 1 ? 1 : 0)
    case 3: return .text("slow down", status: 429, headers: ["Retry-After": "2"])
    case 4: return .text("slow down", status: 429, headers: ["Retry-After": "Thu, 01 Jan 1970 00:00:07 GMT"])
    case 5: return .text("busy", status: 503)
    case 6: return .text("oops", status: 500)
    case 7: return .text("<html>bad gateway</html>", status: 502, headers: ["Content-Type": "text/html"])
    case 8: return .text("too slow", status: 408)
    case 9: return .bytes(Data(head.utf8) + whole.prefix(whole.count / 2))
    case 10: return .answer(200, ["Content-Type": "application/json"], Data(whole.prefix(whole.count / 2)))
    case 11: return .text("<html>sign in</html>", headers: ["Content-Type": "text/html"])
    case 12: return .bytes(Data())
    case 13 where settings.drips && state.faults % 8 == 0: return .drip(Data(head.utf8))
    case 14: return .bytes(Data("SSH-2.0-OpenSSH_9.2\r\n".utf8))
    case 15, 16:
      // Later than what is asked after it: answers come in another order than their requests.
      return .late(Double.random(in: 0.01...0.12, using: &state.generator), honest(texts, request, &state.generator))
    default:
      // One vector that is wrong this time.
      let index = Int.random(in: items.indices, using: &state.generator)
      guard ServerTruth.fault(texts[index]) == nil, state.textFaults[texts[index], default: 0] < 2 else { return nil }
      state.textFaults[texts[index], default: 0] += 1
      switch Int.random(in: 0..<3, using: &state.generator) {
      case 0: items[index].1[0] = .nan
      case 1: items[index].1 = items[index].1.map { _ in 0 }
      default: items[index].1.append(0)
      }
      // A text that always fails would look whole here.
      guard texts.allSatisfy({ ServerTruth.fault($0) == nil }) else { return nil }
    }
    return answer(request, items)
  }
}
