import CohortCore
import CohortEmbedding
import CohortProviders
import CohortTesting
import Foundation
import HostileServers
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Testing

@Suite struct EncryptionTests {
  /// Made for these tests alone: P-256, signed by itself, for localhost and 127.0.0.1, from 2020 to 2120.
  static let privateKey = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgGH5RHtHJ8fZVX7Xn
    Ns7p3dbaYBBaSkfkeuIojgL0RqGhRANCAARnTh/aaU3eA6OTxv5pDxWfOi6hd96P
    1hLaVZ7RWW06ri5wLNZa07NSzIv1VWycHEY0QRyoUOv0fS08pNPqxXz2
    -----END PRIVATE KEY-----
    """
  static let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIBRzCB7qADAgECAgEBMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCWxvY2FsaG9z
    dDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFDESMBAGA1UEAwwJ
    bG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZ04f2mlN3gOjk8b+
    aQ8VnzouoXfej9YS2lWe0VltOq4ucCzWWtOzUsyL9VVsnBxGNEEcqFDr9H0tPKTT
    6sV89qMvMC0wGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMA8GA1UdEwEB/wQF
    MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAIqdPP/me1op92uRQj1JIbXVTX60jZmr
    h62R+TYmthxPAiATMJj6sTH9e1FhfxVyoWjdfqwggJF3mbjMweZs5oBWNQ==
    -----END CERTIFICATE-----
    """

  @Test func onlyTrustedServersAreAsked() throws {
    let server = try EncryptedServer()
    defer { server.stop() }
    let folder = try TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let file = try folder.write("ca.pem", Self.certificate)

    var configuration = ProviderConfiguration(
      kind: .openai, url: "https://localhost:\(server.port)", model: "m")
    let untrusted = #expect(throws: CohortError.self) { try ServerEncoder(connecting: configuration, key: nil) }
    #expect(untrusted?.code.name == "embedding.server-untrusted")

    configuration.certificates = file
    let encoder = try ServerEncoder(connecting: configuration, key: nil)
    #expect(try encoder.encode(["a", "b"]) == ["a", "b"].map(ServerTruth.outcome))

    // The right certificate for another name.
    configuration.url = "https://ip6-localhost:\(server.port)"
    configuration.patience = 0
    #expect(throws: CohortError.self) { try ServerEncoder(connecting: configuration, key: nil) }

    configuration.certificates = file + "x"
    let missing = #expect(throws: CohortError.self) { try ServerEncoder(connecting: configuration, key: nil) }
    #expect(missing?.code.name == "embedding.certificates" && missing?.place == file + "x")
  }
}

/// `ServerTruth` behind TLS.
final class EncryptedServer {
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let channel: any Channel

  init() throws {
    let certificate = try NIOSSLCertificate(bytes: Array(EncryptionTests.certificate.utf8), format: .pem)
    let key = try NIOSSLPrivateKey(bytes: Array(EncryptionTests.privateKey.utf8), format: .pem)
    let context = try NIOSSLContext(
      configuration: .makeServerConfiguration(
        certificateChain: [.certificate(certificate)], privateKey: .privateKey(key)))
    channel = try ServerBootstrap(group: group)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(NIOSSLServerHandler(context: context))
          try pipeline.configureHTTPServerPipeline()
          try pipeline.addHandler(Answering())
        }
      }
      .bind(host: "127.0.0.1", port: 0).wait()
  }

  var port: Int { channel.localAddress?.port ?? 0 }

  func stop() {
    try? channel.close().wait()
    try? group.syncShutdownGracefully()
  }

  private final class Answering: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    private var head: HTTPRequestHead?
    private var body = Data()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head):
        self.head = head
        body = Data()
      case .body(let buffer): body.append(contentsOf: buffer.readableBytesView)
      case .end:
        let request = ReceivedRequest(method: "POST", path: head?.uri ?? "", headers: [:], body: body)
        guard case .answer(_, _, let data) = ServerTruth.reply(request) else { return }
        let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "\(data.count)"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: data)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      }
    }
  }
}
