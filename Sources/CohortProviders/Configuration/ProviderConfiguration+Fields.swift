internal import CohortEmbedding
internal import CohortCore

extension ProviderConfiguration {
  /// The settings that differ from their defaults, as names and text: what a store keeps, and `init(fields:)` reads.
  public var fields: [(name: String, value: String)] {
    let standard = ProviderConfiguration(kind: kind, url: url, model: model)
    var fields = [("provider", kind.rawValue), ("url", url)]
    if !model.isEmpty { fields.append(("model", model)) }
    func add<T: Equatable>(_ name: String, _ path: KeyPath<ProviderConfiguration, T>, _ text: (T) -> String?) {
      let value = self[keyPath: path]
      if value != standard[keyPath: path], let text = text(value) { fields.append((name, text)) }
    }
    add("dimensions", \.dimensions) { $0.map { "\($0)" } }
    add("prefix", \.prefix) { $0 }
    add("text-limit", \.textLimit) { $0.map { "\($0)" } }
    switch key {
    case .none: break
    case .environment(let name): fields.append(("api-key-env", name))
    case .file(let path): fields.append(("api-key-file", path))
    }
    add("ca-file", \.certificates) { $0 }
    add("allow-plain-http", \.allowsPlainKey) { "\($0)" }
    add("timeout", \.timeout) { "\($0)" }
    add("patience", \.patience) { "\($0)" }
    add("batch-texts", \.texts) { "\($0)" }
    add("batch-tokens", \.tokens) { "\($0)" }
    add("concurrency", \.concurrency) { "\($0)" }
    add("vector-format", \.format) { $0.rawValue }
    add("tolerance", \.tolerance) { "\($0)" }
    return fields
  }

  /// Reads what `fields` wrote, or a person did.
  /// - Throws: `embedding.configuration` for names and values that mean nothing.
  public init(fields: some Sequence<(name: String, value: String)>) throws {
    var values: [String: String] = [:]
    for field in fields {
      guard values.updateValue(field.value, forKey: field.name) == nil else {
        throw Self.refusal(field.name, "one value, not two")
      }
    }
    func take<T>(_ name: String, _ expected: String, _ read: (String) -> T?) throws -> T? {
      guard let text = values.removeValue(forKey: name) else { return nil }
      guard let value = read(text) else { throw Self.refusal(name, expected) }
      return value
    }
    let kinds = ProviderKind.allCases.map(\.rawValue).joined(separator: ", ")
    guard let kind = try take("provider", kinds, ProviderKind.init(rawValue:)) else {
      throw Self.refusal("provider", kinds)
    }
    guard let url = try take("url", "an address", { $0 }) else { throw Self.refusal("url", "an address") }
    self.init(kind: kind, url: url, model: try take("model", "a name", { $0 }) ?? "")
    dimensions = try take("dimensions", "a whole number") { Int($0) }
    prefix = try take("prefix", "text") { $0 } ?? prefix
    textLimit = try take("text-limit", "a number of bytes") { Int($0) }
    let name = try take("api-key-env", "the name of an environment variable") { $0 }
    let path = try take("api-key-file", "a path") { $0 }
    if let name, path == nil { key = .environment(name) }
    if let path {
      guard name == nil else { throw Self.refusal("api-key-file", "either a file or an environment variable") }
      key = .file(path)
    }
    certificates = try take("ca-file", "a path") { $0 }
    allowsPlainKey = try take("allow-plain-http", "true or false") { Bool($0) } ?? allowsPlainKey
    timeout = try take("timeout", "seconds") { Double($0) } ?? timeout
    patience = try take("patience", "seconds") { Double($0) } ?? patience
    texts = try take("batch-texts", "a whole number") { Int($0) } ?? texts
    tokens = try take("batch-tokens", "a whole number") { Int($0) } ?? tokens
    concurrency = try take("concurrency", "a whole number") { Int($0) } ?? concurrency
    format = try take("vector-format", "auto, base64 or float", VectorFormat.init(rawValue:)) ?? format
    tolerance = try take("tolerance", "a number") { Double($0) } ?? tolerance
    if let unknown = values.keys.min() {
      throw CohortError(.embeddingConfiguration, "A provider has no setting '\(unknown)'")
    }
    try validate()
  }
}
