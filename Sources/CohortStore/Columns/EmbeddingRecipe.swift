internal import CohortCore

/// Which text of a sample is embedded.
public enum EmbeddedText: UInt8, CaseIterable, Sendable {
  /// Everything before the response.
  case prompt = 0
  /// The response's answer: without the reasoning at the beginning of its text.
  case response = 1
  /// All messages.
  case both = 2

  /// The word used on the command line.
  public var name: String {
    switch self {
    case .prompt: "prompt"
    case .response: "response"
    case .both: "both"
    }
  }
}

/// How a store makes the vectors of a space by itself, this year and next: fixed with the space.
public struct EmbeddingRecipe: Hashable, Sendable {
  /// A setting of the encoder by its name.
  public struct Setting: Hashable, Sendable {
    /// Chosen by whoever makes the encoder, such as `model`; the store does not interpret it.
    public var name: String
    /// As the encoder wrote it; read back unchanged.
    public var value: String

    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The part of a sample that the encoder is given.
  public var text: EmbeddedText
  /// What finds the encoder again: the model's name, a server's address. Never a secret. Empty for vectors that are given.
  public var settings: [Setting]
  /// What the encoder made of known texts, in the encoder's own layout; empty if its fingerprint tells enough.
  public var probe: [UInt8]

  public init(text: EmbeddedText = .prompt, settings: [Setting] = [], probe: [UInt8] = []) {
    self.text = text
    self.settings = settings
    self.probe = probe
  }

  /// The value of the first setting of a name; nil when there is none. Complexity: O(settings).
  public subscript(name: String) -> String? { settings.first { $0.name == name }?.value }

  /// Nothing for the default recipe, so that spaces of given vectors keep their bytes.
  func encode(into writer: inout ByteWriter) {
    guard self != EmbeddingRecipe() else { return }
    writer.fixed(text.rawValue)
    writer.varint(settings.count)
    for setting in settings {
      writer.string(setting.name)
      writer.string(setting.value)
    }
    writer.blob(probe)
  }

  /// Reads the recipe at the end of a value, if there is one.
  init(from reader: inout ByteReader) throws {
    self.init()
    guard reader.remaining > 0 else { return }
    guard let text = EmbeddedText(rawValue: try reader.fixed()) else {
      throw CohortError.invalid("the embedded text", at: reader.offset - 1)
    }
    self.text = text
    for _ in 0..<(try reader.count(unit: 2)) {
      settings.append(Setting(name: try reader.string(), value: try reader.string()))
    }
    probe = [UInt8](try reader.blob())
  }
}
