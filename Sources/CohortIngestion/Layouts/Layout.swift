public import CohortCore

/// The layouts of instruction data that are known by name. `Docs/formats.md` shows one record of each.
public enum Layout: String, CaseIterable, Sendable {
  /// OpenAI and TRL: `messages[{role, content}]`.
  case messages
  /// `conversations[{from, value}]`.
  case sharegpt
  /// `conversations`: strings, user and assistant in turn.
  case lima
  /// TRL and the P3 exports: `prompt`, `completion`.
  case promptCompletion = "prompt-completion"
  /// `inputs_pretokenized`, `targets_pretokenized`.
  case p3
  /// `inputs`, `targets` or `target`.
  case flan
  /// `instruction`, `context`, `response`, `category`.
  case dolly
  /// `system_prompt`, `question`, `response`.
  case orca
  /// `instruction`, `input`, `output`.
  case alpaca
  /// `question`, `answer`, or `query`, `response`.
  case qa
  /// `Definition`, `Instances[{input, output}]`: one sample an instance.
  case naturalInstructions = "natural-instructions"
  /// `text`: a response without a prompt.
  case text
  /// `chosen`, `rejected`, `prompt`: used only when asked for by name.
  case preference

  /// The order in which detection tries them: the special before the general.
  static let detectionOrder: [Layout] = [
    .preference, .messages, .sharegpt, .lima, .promptCompletion, .p3, .flan, .dolly, .orca, .alpaca, .qa,
    .naturalInstructions, .text,
  ]
}

extension IngestionOptions {
  /// Takes the value of `--layout`: `auto`, the name of a layout, or a text format (`csv`, `tsv`, `jsonl`) whose layout
  /// is then detected.
  public mutating func setLayout(named name: String) throws(CohortError) {
    if name == "auto" { return }
    if let known = Layout(rawValue: name) {
      layout = known
    } else if let known = TextFormat(rawValue: name) {
      format = known
    } else {
      let names = ["auto"] + Layout.allCases.map(\.rawValue) + TextFormat.allCases.map(\.rawValue)
      let near = Spelling.nearest(to: name, among: names).map { "Did you mean '\($0)'? " } ?? ""
      throw .usage(
        .ingestionUnknownLayoutName, "there is no layout '\(name)'",
        hint: near + "Known are " + names.joined(separator: ", ")
      )
    }
  }
}
