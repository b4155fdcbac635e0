public import CohortCore

/// Which fields of a record hold what: `prompt=code,response=api_call`. A key may be a dotted path into nested objects;
/// a key that itself holds a dot is found first.
public struct FieldMap: Hashable, Sendable {
  /// The field with what is asked; nil when the layout says it, or there is none.
  public var prompt: String?
  /// The field with the answer; a map that replaces the layout must name it.
  public var response: String?
  /// The field with the task label.
  public var task: String?
  /// The field with the instructions that stand above the conversation.
  public var system: String?

  public init(prompt: String? = nil, response: String? = nil, task: String? = nil, system: String? = nil) {
    self.prompt = prompt
    self.response = response
    self.task = task
    self.system = system
  }

  /// Reads `NAME=KEY,NAME=KEY`, with the names prompt, response, task and system, each at most once.
  public init(parsing text: String) throws(CohortError) {
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let equals = part.firstIndex(of: "="), part.index(after: equals) < part.endIndex else {
        throw .usage(.ingestionInvalidMap, "'\(part)' in the map is not NAME=KEY", hint: Self.form)
      }
      let key = String(part[part.index(after: equals)...])
      let name = String(part[..<equals])
      let path: WritableKeyPath<FieldMap, String?>
      switch name {
      case "prompt": path = \.prompt
      case "response", "completion": path = \.response
      case "task": path = \.task
      case "system": path = \.system
      default:
        let near = Spelling.nearest(to: name, among: ["prompt", "response", "task", "system"])
        throw .usage(
          .ingestionInvalidMap, "'\(name)' is not a part of a sample",
          hint: (near.map { "Did you mean '\($0)'? " } ?? "") + Self.form)
      }
      guard self[keyPath: path] == nil else {
        throw .usage(.ingestionInvalidMap, "'\(name)' is mapped twice", hint: Self.form)
      }
      self[keyPath: path] = key
    }
  }

  private static let form = "Write it as --map prompt=KEY,response=KEY,task=KEY,system=KEY"
}
