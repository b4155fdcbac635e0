internal import CohortCore

/// Figures of several processes as one text: each family once, with all that the processes have of it. What a process
/// says of itself gets the name of its store; else two processes would say different things of the same series.
struct JoinedMetrics {
  private struct Family {
    var header: [Substring] = []
    var lines: [String] = []
  }

  private var families: [String: Family] = [:]

  /// Adds the text of one process.
  /// - Parameter store: the label for figures that have none of that name; nil adds none.
  mutating func add(_ text: String, store: String?) {
    var family = ""
    // Headers that come again with another process are the same.
    var header: [Substring] = []
    for line in text.split(separator: "\n") {
      if line.hasPrefix("#") {
        let words = line.split(separator: " ", maxSplits: 3)
        guard words.count >= 3, words[1] == "HELP" || words[1] == "TYPE" else { continue }
        if String(words[2]) != family { (family, header) = (String(words[2]), []) }
        header.append(line)
        if families[family, default: Family()].header.count < header.count { families[family]?.header = header }
      } else {
        let name = line.prefix { $0 != "{" && $0 != " " }
        // A figure without a header is a family of its own; those of a histogram have longer names than it.
        let key = !family.isEmpty && name.hasPrefix(family) ? family : String(name)
        families[key, default: Family()].lines.append(store.map { Self.labelled(line, $0) } ?? String(line))
      }
    }
  }

  /// Adds one figure of a family.
  mutating func add(_ value: Int, to family: MetricFamily, store: String) {
    families[family.name, default: Family()].lines.append(
      "\(family.name){store=\"\(MetricText.escaped(store))\"} \(value)")
    if families[family.name]?.header.isEmpty ?? false {
      families[family.name]?.header = [
        "# HELP \(family.name) \(family.help)", "# TYPE \(family.name) \(family.kind.rawValue)",
      ]
    }
  }

  /// Sorted by family; figures are in the order in which they came.
  var text: String {
    families.sorted { $0.key < $1.key }.map { _, family in
      (family.header.map(String.init) + family.lines).joined(separator: "\n") + "\n"
    }.joined()
  }

  private static func labelled(_ line: Substring, _ store: String) -> String {
    let label = "store=\"\(MetricText.escaped(store))\""
    guard let brace = line.firstIndex(of: "{") else {
      let space = line.firstIndex(of: " ") ?? line.endIndex
      return "\(line[..<space]){\(label)}\(line[space...])"
    }
    let labels = line[line.index(after: brace)...]
    if labels.hasPrefix("store=\"") || hasStore(labels) { return String(line) }
    return "\(line[...brace])\(label)\(labels.hasPrefix("}") ? "" : ",")\(labels)"
  }

  /// Whether a label named so stands between the others, and not in a value.
  private static func hasStore(_ labels: Substring) -> Bool {
    var (isQuoted, isEscaped, name) = (false, false, "")
    for character in labels.unicodeScalars {
      if isQuoted {
        if isEscaped {
          isEscaped = false
        } else if character == "\\" {
          isEscaped = true
        } else {
          isQuoted = character != "\""
        }
        continue
      }
      switch character {
      case "\"": isQuoted = true
      case "}": return false
      case ",": name = ""
      case "=": if name == "store" { return true }
      default: name.unicodeScalars.append(character)
      }
    }
    return false
  }
}
