import CohortSystem
import CohortTesting
import Foundation
import Testing
import CohortDaemon

/// What systemd is told, and what it hands over, with real sockets.
@Suite struct ServiceManagerTests {
  /// A datagram socket that a manager would have.
  private final class Listener {
    let descriptor: Int32
    let path: String

    init(_ path: String) throws {
      self.path = path
      descriptor = try ServiceManagerTests.socket(at: path, isStream: false)
    }

    deinit { close(descriptor) }

    /// The next message; nil when none comes in time.
    func message(seconds: Int32 = 20) -> String? {
      var waited = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&waited, 1, seconds * 1000) == 1 else { return nil }
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = recv(descriptor, &bytes, bytes.count, 0)
      return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }
  }

  /// A bound unix socket; a stream listens.
  private static func socket(at path: String, isStream: Bool) throws -> Int32 {
    let kind = isStream ? SOCK_STREAM : SOCK_DGRAM
    #if canImport(Glibc)
      let descriptor = Foundation.socket(AF_UNIX, Int32(kind.rawValue), 0)
    #else
      let descriptor = Foundation.socket(AF_UNIX, kind, 0)
    #endif
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var name = Array(path.utf8)
    if name.first == UInt8(ascii: "@") { name[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
    let length = socklen_t(2 + name.count + (name[0] == 0 ? 0 : 1))
    let result = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
    }
    guard result == 0, !isStream || listen(descriptor, 4) == 0 else { throw Unexpected("no socket at \(path)") }
    return descriptor
  }

  @Test(arguments: [false, true]) func messagesArrive(isAbstract: Bool) throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let path = isAbstract ? "@cohort-test-\(UUID().uuidString)" : folder.file("notify")
    let listener = try Listener(path)
    let manager = ServiceManager(environment: { $0 == "NOTIFY_SOCKET" ? path : nil })
    manager.tell(.ready, .status("two\nlines"))
    #expect(listener.message() == "READY=1\nSTATUS=two lines")
    manager.tell(.stopping)
    #expect(listener.message() == "STOPPING=1")
    manager.tell(.reloading(microseconds: 5))
    #expect(listener.message() == "RELOADING=1\nMONOTONIC_USEC=5")
  }

  @Test func aManagerThatIsNotThereIsNoTrouble() {
    for path in ["/nowhere/notify", "relative", "", "/" + String(repeating: "x", count: 200)] {
      ServiceManager(environment: { $0 == "NOTIFY_SOCKET" ? path : nil }).tell(.ready)
    }
    ServiceManager(environment: { _ in nil }).tell(.ready)
  }

  @Test func theWatchdogIsForThisProcessOnly() throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let listener = try Listener(folder.file("notify"))
    let variables = ["NOTIFY_SOCKET": listener.path, "WATCHDOG_USEC": "200000", "WATCHDOG_PID": "17"]
    #expect(ServiceManager(environment: { variables[$0] }, process: 18).watchdog == nil)
    let manager = ServiceManager(environment: { variables[$0] }, process: 17)
    #expect(manager.watchdog == 0.2)
    let isWell = Locked(true)
    try manager.keepAlive { isWell.withLock { $0 } }
    #expect(listener.message() == "WATCHDOG=1")
    #expect(listener.message() == "WATCHDOG=1")
    isWell.withLock { $0 = false }
    while listener.message(seconds: 1) != nil {}
    #expect(listener.message(seconds: 1) == nil, "who is not well says nothing")
  }

  @Test func socketsThatListenAreTakenWithTheirNames() throws {
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let (stream, datagram) = (
      try Self.socket(at: folder.file("stream"), isStream: true), try Self.socket(at: folder.file("d"), isStream: false)
    )
    // A place where three descriptors follow one another; the last is none. At the end of the table, where no other test of
    // this process has any: what `dup2` finds there it would close.
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let first = fcntl(datagram, F_DUPFD, Int32(clamping: limit.rlim_cur) - 8)
    #expect(first > 0 && fcntl(stream, F_DUPFD, first + 1) == first + 1)
    defer { for descriptor in [stream, datagram, first, first + 1] { close(descriptor) } }
    var variables = ["LISTEN_PID": "17", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "one:http:three"]
    #expect(ServiceManager(environment: { variables[$0] }, process: 18, first: first).sockets.isEmpty)
    let sockets = ServiceManager(environment: { variables[$0] }, process: 17, first: first).sockets
    #expect(sockets.map(\.descriptor) == [first + 1], "only what listens is taken")
    #expect(sockets.map(\.name) == ["http"] && sockets.map(\.isLocal) == [true])
    #expect(fcntl(first + 1, F_GETFD) & FD_CLOEXEC != 0, "processes that are started later do not get it")
    variables["LISTEN_FDS"] = "-4"
    #expect(ServiceManager(environment: { variables[$0] }, process: 17, first: first).sockets.isEmpty)
  }

  @Test func theDaemonTellsOfItsStates() throws {
    try withProgram { program in
      try program.makeStore()
      let listener = try Listener(program.folder.appendingPathComponent("notify").path)
      let daemon = try DaemonProcess(program, [], waitingFor: "ready", environment: ["NOTIFY_SOCKET": listener.path])
      #expect(listener.message() == "READY=1")
      kill(daemon.process.processIdentifier, SIGHUP)
      #expect(listener.message()?.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") == true)
      #expect(listener.message() == "READY=1")
      #expect(daemon.end() == 0)
      #expect(listener.message() == "STOPPING=1")
    }
  }

  @Test func systemdSocketsReachTheDaemon() throws {
    try withProgram { program in
      try program.makeStore()
      let activate = try program.shell("command -v systemd-socket-activate")
      guard activate.status == 0 else { return print("skipped: systemd-socket-activate is not installed") }
      let script = """
        systemd-socket-activate -l "$PWD/s.sock" --fdname=http \
          cohortd --log-format json --once 2> log & wait_for=$!
        for i in $(seq 100); do [ -S s.sock ] && break; sleep 0.05; done
        python3 -c 'import socket; s=socket.socket(socket.AF_UNIX); s.connect("s.sock")' && wait $wait_for
        cat log
        """
      let result = try program.shell(script)
      #expect(result.output.contains("\"event\":\"sockets\",\"inherited\":1"), "\(result)")
    }
  }
}
