import CohortEmbedding
import Foundation

/// The built-in encoder and the tokenizers as a program, for comparisons with other libraries.
///
/// usage: text-encoding ids TOKENIZER TEXTS OUT              ids of each text
///        text-encoding vectors MODEL TEXTS OUT              vectors, all zero for a text that has none
///        text-encoding time MODEL TEXTS THREADS [ROUNDS]    a line of JSON for each round
///
/// TEXTS holds for each text its length in bytes as UInt32 and its UTF-8. OUT gets UInt32 values, a count before the ids
/// of each text, or Float32 values. All little-endian.
@main
enum TextEncoding {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard arguments.count >= 4 else {
      FileHandle.standardError.write(
        Data("usage: text-encoding ids|vectors|time MODEL TEXTS OUT|THREADS [ROUNDS]\n".utf8))
      exit(2)
    }
    let texts = try texts(in: arguments[2])
    switch arguments[0] {
    case "ids":
      let tokenizer = try Tokenizer(contentsOf: arguments[1])
      var values: [UInt32] = []
      for text in texts {
        let ids = tokenizer.encode(text)
        values.append(UInt32(ids.count))
        values += ids
      }
      try write(values, to: arguments[3])
    case "vectors":
      let encoder = try StaticEncoder(folder: arguments[1])
      var values: [Float] = []
      for text in texts {
        if case .vector(let vector)? = try encoder.encode([text]).first {
          values += vector
        } else {
          values += [Float](repeating: 0, count: encoder.identity.dimension)
        }
      }
      try write(values, to: arguments[3])
    default:
      let rounds = arguments.count > 4 ? Int(arguments[4]) ?? 1 : 1
      try time(model: arguments[1], texts, threads: max(1, Int(arguments[3]) ?? 1), rounds: rounds)
    }
  }

  /// Encodes all texts on some threads, again and again. The clock of a round starts before the model is loaded.
  private static func time(model: String, _ texts: [String], threads: Int, rounds: Int) throws {
    for _ in 0..<rounds {
      let start = ContinuousClock.now
      let before = processorSeconds()
      let encoder = try StaticEncoder(folder: model, concurrency: threads)
      let loaded = ContinuousClock.now - start
      let slice = encoder.batching.texts
      let slices = (texts.count + slice - 1) / slice
      DispatchQueue.concurrentPerform(iterations: threads) { thread in
        for index in stride(from: thread, to: slices, by: threads) {
          let part = texts[(index * slice)..<min(texts.count, (index + 1) * slice)]
          precondition((try? encoder.encode(Array(part)).count) == part.count, "a slice failed")
        }
      }
      let wall = ContinuousClock.now - start
      print(
        #"{"load":\#(seconds(loaded)),"wall":\#(seconds(wall)),"cpu":\#(processorSeconds() - before),"#
          + #""resident_kib":\#(residentKiB())}"#)
    }
  }

  private static func texts(in path: String) throws -> [String] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    return data.withUnsafeBytes { raw in
      var texts: [String] = []
      var place = 0
      while place + 4 <= raw.count {
        let end = place + 4 + Int(raw.loadUnaligned(fromByteOffset: place, as: UInt32.self))
        texts.append(String(decoding: raw[(place + 4)..<end], as: UTF8.self))
        place = end
      }
      return texts
    }
  }

  private static func write<T>(_ values: [T], to path: String) throws {
    try values.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: path)) }
  }

  private static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }

  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private static func residentKiB() -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
    let fields = text.split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) / 1024 : 0
  }
}
