import CohortCore
import CohortServer
import CohortSystem
import CohortTesting
import Foundation
import Logging
import Testing

/// Who comes in, and who does not.
struct DoorTests {
  private func request(_ fixture: ServerFixture, _ method: String, _ path: String, _ headers: String...) throws
    -> RawAnswer
  {
    let lines = ["\(method) \(path) HTTP/1.1"] + (headers.contains { $0.hasPrefix("Host") } ? [] : ["Host: localhost"])
    return try fixture.networkClient().ask((lines + headers).joined(separator: "\r\n") + "\r\n\r\n")
  }

  @Test func overTCPATokenIsAskedFor() async throws {
    try await blocking {
      let fixture = try ServerFixture(samples: 1)
      let none = try request(fixture, "GET", "/v1/stores")
      #expect(none.status == 401 && none.code == "server.no-token" && none.headers["www-authenticate"] != nil)
      // Not even which routes there are.
      #expect(try request(fixture, "GET", "/v1/nothing").status == 401)
      for wrong in ["Bearer x", "Bearer \(ServerFixture.readToken)x", "Basic \(ServerFixture.readToken)", "Bearer", ""]
      {
        #expect(try request(fixture, "GET", "/v1/stores", "Authorization: \(wrong)").status == 401, "\(wrong)")
      }
      let read = "Authorization: Bearer \(ServerFixture.readToken)"
      #expect(try request(fixture, "GET", "/v1/stores", read).status == 200)
      let refused = try request(fixture, "DELETE", "/v1/stores/news/plans/p", read)
      #expect(refused.status == 403 && refused.code == "server.forbidden")
      let write = "Authorization: bearer \(ServerFixture.writeToken)"
      #expect(try request(fixture, "DELETE", "/v1/stores/news/plans/p", write).status == 404)
      #expect(try request(fixture, "GET", "/v1/stores", read, write).status == 401)
      for open in ["/healthz", "/readyz", "/metrics", "/openapi.json"] {
        #expect(try request(fixture, "GET", open).status == 200, "\(open)")
      }
      #expect(!fixture.logged.text.contains("token-0123"))
    }
  }

  @Test(arguments: [
    ("Host: example.com", 421), ("Host: localhost.example.com", 421), ("Host: 10.0.0.1", 421),
    ("Host: 127.0.0.1.nip.io", 421),
    ("Host: localhost:8420", 200), ("Host: 127.0.0.1", 200), ("Host: [::1]:80", 200), ("Host: LOCALHOST", 200),
    ("Host: localhost\r\nOrigin: http://localhost", 200), ("Host: localhost\r\nOrigin: http://example.com", 403),
    ("Host: localhost\r\nOrigin: null", 403), ("Host: localhost:1\r\nOrigin: http://localhost:2", 403),
    ("Host: localhost\r\nSec-Fetch-Site: cross-site", 403), ("Host: localhost\r\nSec-Fetch-Site: same-origin", 200),
    ("Host: localhost:abc", 421), ("Host: ", 200),
  ])
  func pagesOfOtherSitesAreKeptOut(_ headers: String, _ status: Int) async throws {
    try await blocking {
      let fixture = try ServerFixture()
      #expect(try request(fixture, "GET", "/healthz", headers).status == status, "\(headers)")
    }
  }

  @Test func aTokenThatIsTakenAwayIsRefusedFromThenOn() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let read = "Authorization: Bearer \(ServerFixture.readToken)"
      #expect(try request(fixture, "GET", "/v1/stores", read).status == 200)
      try "write another-token-0123456789\n".write(toFile: fixture.tokenFile, atomically: false, encoding: .utf8)
      try fixture.server.reloadTokens()
      #expect(try request(fixture, "GET", "/v1/stores", read).status == 401)
      #expect(
        try request(fixture, "GET", "/v1/stores", "Authorization: Bearer another-token-0123456789").status == 200)
      // A file that cannot be used changes nothing.
      chmod(fixture.tokenFile, 0o644)
      #expect(throws: CohortError.self) { try fixture.server.reloadTokens() }
      #expect(
        try request(fixture, "GET", "/v1/stores", "Authorization: Bearer another-token-0123456789").status == 200)
    }
  }

  @Test func theSocketIsClosedToOthersAndGoesWithTheServer() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let socket = try SystemCall.linkStatus(of: fixture.socket)
      let folder = try SystemCall.status(of: String(fixture.socket.dropLast(2)))
      #expect(socket.mode == 0o600 && folder.mode == 0o700)
      fixture.server.stop(within: 3)
      #expect(!SystemCall.exists(fixture.socket))
    }
  }

  @Test func aSocketThatSomebodyAnswersAtIsLeftAlone() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      let host = try TestHost("other")
      func start(at path: String) throws -> Server {
        let server = try Server(hosts: [host], doors: Doors(socket: path), log: .init(label: "test"))
        _ = try server.start()
        return server
      }
      #expect {
        _ = try start(at: fixture.socket)
      } throws: {
        ($0 as? CohortError)?.code.name == "server.socket-in-use"
      }
      #expect(try fixture.ask("GET", "/healthz").status == 200)
      // One that a process left behind that is gone is taken over.
      let folder = try TemporaryFolder()
      let stale = folder.file("stale")
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: stale.utf8) }
      _ = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      close(descriptor)
      let server = try start(at: stale)
      #expect(try RawClient(unix: stale).ask("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
      server.stop(within: 2)
      // A file that is no socket stays.
      let file = try folder.write("file", "mine")
      #expect(throws: CohortError.self) { _ = try start(at: file) }
      #expect(SystemCall.exists(file))
    }
  }

  @Test(arguments: ["0.0.0.0:80", "192.168.1.1:80", "[::]:80", "example.com:80", "127.0.0.1", ":80", "127.0.0.1:99999"])
  func addressesThatOthersReachAreRefused(_ text: String) {
    #expect(throws: CohortError.self) { try TCPAddress(parsing: text) }
  }

  @Test(arguments: [
    ("short", 0o600, false), ("write a-token-that-is-long-enough", 0o600, true),
    ("a-token-that-is-long-enough", 0o400, true),
    ("write a-token-that-is-long-enough", 0o640, false), ("admin a-token-that-is-long-enough", 0o600, false),
    ("# nothing\n\n", 0o600, false), ("write a token that is long enough", 0o600, false),
    ("read tokén-that-is-long-enough", 0o600, false),
  ])
  func aTokenFileIsCheckedBeforeTheServerStarts(_ text: String, _ mode: Int, _ isGood: Bool) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("tokens", text)
    chmod(path, mode_t(mode))
    let host = try TestHost("news")
    let doors = Doors(listen: [try TCPAddress(parsing: "127.0.0.1:0")], tokenFile: path)
    do {
      _ = try Server(hosts: [host], doors: doors, log: .init(label: "test"))
      #expect(isGood, "\(text)")
    } catch {
      #expect(!isGood && error.code.name == "server.token-file", "\(text): \(error)")
      // What is in the file is nobody's business.
      #expect(!error.description.contains("long-enough"))
    }
  }

  @Test func anAddressWithoutTokensIsRefused() throws {
    let host = try TestHost("news")
    let doors = Doors(listen: [try TCPAddress(parsing: "127.0.0.1:0")])
    #expect(throws: CohortError.self) { _ = try Server(hosts: [host], doors: doors, log: .init(label: "test")) }
  }

  @Test func whoStandsInFrontMaySayThatAClientOnlyReads() async throws {
    try await blocking {
      let fixture = try ServerFixture()
      #expect(try fixture.ask("DELETE", "/v1/stores/news/plans/p").status == 404)
      #expect(try fixture.ask("DELETE", "/v1/stores/news/plans/p", "Cohort-Rights: read").status == 403)
    }
  }
}
