import Foundation
import HostileServers
import Testing

/// `cohort embed check` against servers on this machine.
@Suite struct EmbedCheckTests {
  @Test(arguments: ["openai", "tei", "ollama"])
  func whatTheServerDoesIsPrinted(_ provider: String) throws {
    let server = try LoopbackServer { request in
      if request.path == "/info" { return .json(["model_id": "m", "model_sha": "abc", "max_input_length": 512]) }
      if request.path == "/api/tags" { return .json(["models": [["name": "m:latest", "digest": "abc"]]]) }
      return request.texts.count > 40 ? .text("too many", status: 413) : ServerTruth.reply(request)
    }
    defer { server.stop() }
    try withProgram { program in
      let result = try program.cohort(
        "embed", "check", "--provider", provider, "--url", server.url, "--model", "m", "--json")
      #expect(result.status == 0, "\(result)")
      let record = try #require(try result.json() as? [String: Any])
      #expect(record["dimension"] as? Int == 8 && record["largest_batch"] as? Int == 32)
      #expect(record["keeps_order"] as? Bool == true && record["deterministic"] as? Bool == true)
      #expect(record["normalised"] as? Bool == false && record["needs_key"] is NSNull)
      #expect(record["batch_refusal"] as? String == "HTTP 413, too many")
      #expect(record["fingerprint"] as? String == (provider == "openai" ? "m" : "m@abc"))
      #expect(record["base64"] as? Bool == (provider == "openai" ? true : nil))
      let table = try program.cohort("embed", "check", "--provider", provider, "--url", server.url, "--model", "m")
      #expect(table.status == 0 && table.output.contains("largest_batch"), "\(table)")
    }
  }

  /// Servers that answer, and wrongly: what is embedded with them would be worth nothing.
  @Test(arguments: ["cut", "reorder", "one", "batch", "count", "dimension", "large batch"])
  func aServerThatAnswersWronglyIsRefused(_ fault: String) throws {
    let server = try LoopbackServer { request in
      var vectors = request.texts.map { text in
        ServerTruth.vector(fault == "cut" ? text.split(separator: " ").prefix(128).joined(separator: " ") : text)
      }
      switch fault {
      case "reorder": vectors.reverse()
      case "large batch" where vectors.count > 20: vectors.reverse()
      case "one": vectors = vectors.map { _ in ServerTruth.vector("one") }
      case "batch" where vectors.count > 1: vectors = vectors.map { $0.map { $0 + 0.2 } }
      case "count": vectors.removeLast()
      case "dimension" where vectors.count > 1: vectors[0].removeLast()
      default: break
      }
      return ServerTruth.reply(request, vectors: vectors)
    }
    defer { server.stop() }
    try withProgram { program in
      let result = try program.cohort(
        "embed", "check", "--url", server.url, "--model", "m", "--patience", "1", "--json")
      // Not "try again".
      #expect(result.status == 1, "\(fault): \(result)")
      let error = try result.error()
      #expect(error["category"] as? String == "failure" && (error["cause"] as? String)?.isEmpty == false, "\(error)")
      if fault == "cut" {
        #expect(error["code"] as? String == "embedding.server-unsound")
        #expect((error["hint"] as? String)?.contains("--text-limit") == true, "\(error)")
      }
    }
  }

  /// Interfaces whose servers are asked to cut are told of, and no fault.
  @Test(arguments: ["tei", "ollama"]) func aServerThatIsAskedToCutMayCut(_ provider: String) throws {
    let server = try LoopbackServer { request in
      ServerTruth.reply(
        request,
        vectors: request.texts.map { ServerTruth.vector($0.split(separator: " ").prefix(600).joined(separator: " ")) })
    }
    defer { server.stop() }
    try withProgram { program in
      let result = try program.cohort(
        "embed", "check", "--provider", provider, "--url", server.url, "--model", "m", "--json")
      #expect(result.status == 0, "\(result)")
      #expect((try result.json() as? [String: Any])?["cuts_texts_of_words"] as? Int == 3000)
    }
  }

  @Test(arguments: [(401, 1), (404, 3), (400, 1), (503, 75), (302, 1)])
  func failuresHaveTheirExitCodes(_ status: Int, _ code: Int32) throws {
    let server = try LoopbackServer { _ in .text("no", status: status) }
    defer { server.stop() }
    try withProgram { program in
      let result = try program.cohort(
        "embed", "check", "--url", server.url, "--model", "m", "--patience", "0", "--json")
      #expect(result.status == code, "\(result)")
      #expect(try result.error()["exit_code"] as? Int == Int(code))
    }
  }

  @Test func noServerIsUnreachable() throws {
    try withProgram { program in
      let result = try program.cohort(
        "embed", "check", "--url", "http://127.0.0.1:9", "--model", "m", "--patience", "0", "--json")
      #expect(result.status == 5, "\(result)")
      #expect(try result.error()["code"] as? String == "embedding.server-unreachable")
    }
  }

  @Test(arguments: [
    ["embed", "check"], ["embed", "check", "--url", "http://h"], ["embed", "check", "--url", "h", "--model", "m"],
    ["embed", "check", "--url", "http://h", "--model", "m", "--provider", "other"],
    ["embed", "check", "--url", "http://h", "--model", "m", "--api-key", "sk-1"],
    ["embed", "check", "--url", "http://h", "--model", "m", "--api-key-env", "NOT_SET_ANYWHERE"],
    ["embed", "check", "--url", "http://h", "--model", "m", "--api-key-env", "A", "--api-key-file", "b"],
    ["embed", "check", "--url", "http://a:b@h", "--model", "m"],
    ["embed", "check", "--url", "http://h/v1?api_key=b", "--model", "m"],
    ["embed", "check", "--url", "http://h", "--model", "m", "--timeout", "soon"],
  ])
  func optionsThatMakeNoSenseAreUsageErrors(_ arguments: [String]) throws {
    try withProgram { program in
      let result = try program.shell("cohort " + arguments.joined(separator: " "))
      #expect(result.status == 2, "\(result)")
    }
  }

  @Test func theKeyIsShownNowhere() throws {
    let secret = "sk-secret-0123456789"
    try withProgram { program in
      try program.write(secret + "\n", to: "key")
      let path = program.folder.appendingPathComponent("key").path
      for mode in [0o600, 0o644] {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        for status in [200, 400, 401, 500, 503] {
          let server = try LoopbackServer { request in
            guard request.headers["authorization"] == "Bearer \(secret)" else { return .text("who?", status: 401) }
            return status == 200
              ? ServerTruth.reply(request) : .text("{\"error\":\"bad key \(secret)\"}", status: status)
          }
          defer { server.stop() }
          for format in ["table", "json"] {
            let result = try program.cohort(
              "embed", "check", "--url", server.url, "--model", "m", "--patience", "0", "--api-key-file", path,
              "--format", format, "--progress", "on")
            #expect(!result.description.contains(secret) && !result.description.contains("0123456789"))
            #expect((result.status == 0) == (status == 200 && mode == 0o600), "\(status) \(result)")
            if mode == 0o600, status == 200, format == "json" {
              #expect((try result.json() as? [String: Any])?["needs_key"] as? Bool == true)
            }
            if mode == 0o644 { #expect(server.requests.isEmpty && result.status == 2) }
          }
        }
      }
    }
  }
}
