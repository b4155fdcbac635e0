import CohortCore
import CohortEmbedding
import CohortProviders
import CohortTesting
import Foundation
import Testing

@Suite struct ConfigurationTests {
  static let full: [(name: String, value: String)] = [
    ("provider", "openai"), ("url", "https://example.org/v2"), ("model", "m"), ("dimensions", "256"),
    ("prefix", "clustering: "), ("text-limit", "8000"), ("api-key-env", "KEY"), ("ca-file", "/ca.pem"),
    ("allow-plain-http", "true"), ("timeout", "5.0"), ("patience", "60.0"), ("batch-texts", "32"),
    ("batch-tokens", "4096"), ("concurrency", "2"), ("vector-format", "float"), ("tolerance", "0.99"),
  ]

  @Test func fieldsComeBack() throws {
    let configuration = try ProviderConfiguration(fields: Self.full)
    #expect(configuration.fields.map(\.name) == Self.full.map(\.name))
    #expect(configuration.fields.map(\.value) == Self.full.map(\.value))
    #expect(try ProviderConfiguration(fields: configuration.fields) == configuration)
    let short = ProviderConfiguration(kind: .tei, url: "http://localhost:8080")
    #expect(short.fields.map(\.name) == ["provider", "url"])
    #expect(try ProviderConfiguration(fields: short.fields) == short)
  }

  @Test(arguments: [
    ("provider", "google"), ("url", "ftp://host"), ("url", "host"), ("url", ""), ("url", "http://name:secret@host"),
    ("url", "http://host#x"), ("url", "https://host/v1?api_key=secret"), ("url", "http://host?"),
    ("url", "http://host/v1#secret"), ("model", ""), ("dimensions", "0"), ("dimensions", "many"), ("text-limit", "1"),
    ("timeout", "0"), ("timeout", "nan"), ("patience", "-1"), ("batch-texts", "0"), ("batch-tokens", "0"),
    ("concurrency", "0"), ("concurrency", "9999"), ("vector-format", "half"), ("tolerance", "2"),
    ("api-key-env", ""), ("allow-plain-http", "perhaps"), ("colour", "red"),
  ])
  func whatMeansNothingIsRefused(_ name: String, _ value: String) throws {
    var fields = Self.full.filter { $0.name != name }
    fields.append((name, value))
    let error = #expect(throws: CohortError.self) { try ProviderConfiguration(fields: fields) }
    #expect(error?.code.name == "embedding.configuration" && error?.category == .usage)
    #expect(error.map { !$0.description.contains("secret") } ?? false)
  }

  @Test func keysComeFromTheEnvironmentOrAPrivateFile() throws {
    #expect(try APIKey.read(.none) == nil)
    #expect(try APIKey.read(.environment("KEY"), environment: { $0 == "KEY" ? " sk-1\n" : nil }) != nil)
    #expect(throws: CohortError.self) { try APIKey.read(.environment("KEY"), environment: { _ in nil }) }
    #expect(throws: CohortError.self) { try APIKey.read(.environment("KEY"), environment: { _ in "a\r\nHost: b" }) }

    let folder = try TemporaryFolder()
    let file = folder.file("key")
    func write(_ text: String, mode: Int) throws {
      try folder.write("key", text)
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    }
    try write("sk-1\n", mode: 0o600)
    #expect(try APIKey.read(.file(file)) != nil)
    for mode in [0o640, 0o604, 0o620, 0o644, 0o601] {
      try write("sk-1\n", mode: mode)
      let error = #expect(throws: CohortError.self) { try APIKey.read(.file(file)) }
      #expect(error?.code.name == "embedding.exposed-key")
    }
    for text in ["", "\n", "two words", "sk-\u{e9}", String(repeating: "x", count: 5000)] {
      try write(text, mode: 0o600)
      #expect(throws: CohortError.self) { try APIKey.read(.file(file)) }
    }
    #expect(throws: CohortError.self) { try APIKey.read(.file(folder.path)) }
    let missing = #expect(throws: CohortError.self) { try APIKey.read(.file(file + "x")) }
    #expect(missing?.category == .notFound)
  }

  @Test func aKeyShowsItselfNowhere() throws {
    let key = try #require(try APIKey.read(.environment("K"), environment: { _ in "sk-secret" }))
    var dumped = ""
    dump(key, to: &dumped)
    dump(Optional(key) as Any, to: &dumped)
    for text in ["\(key)", String(reflecting: key), String(describing: Optional(key)), dumped] {
      #expect(!text.contains("sk-secret"))
    }
  }

  @Test func aKeyIsNotSentInTheClear() throws {
    let key = try APIKey.read(.environment("K"), environment: { _ in "sk-secret" })
    var configuration = ProviderConfiguration(kind: .openai, url: "http://embeddings.invalid", model: "m")
    configuration.patience = 0
    let refused = #expect(throws: CohortError.self) { try ServerEncoder(connecting: configuration, key: key) }
    #expect(refused?.code.name == "embedding.key-in-clear")
    for host in ["127.0.0.1.invalid", "127.invalid", "127.0.0.256", "localhost.invalid"] {
      configuration.url = "http://\(host)"
      let error = #expect(throws: CohortError.self) { try ServerEncoder(connecting: configuration, key: key) }
      #expect(error?.code.name == "embedding.key-in-clear", "\(host)")
    }
    configuration.url = "http://embeddings.invalid"
    configuration.allowsPlainKey = true
    let tried = #expect(throws: CohortError.self) { try ServerEncoder(connecting: configuration, key: key) }
    #expect(tried?.code.name == "embedding.server-unreachable")
  }
}
