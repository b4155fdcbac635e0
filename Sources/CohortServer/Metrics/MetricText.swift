/// Figures as text for Prometheus (exposition format 0.0.4), sorted by name.
struct MetricText {
  static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

  private var lines: [MetricFamily: [String]] = [:]

  /// A figure of a counter or a gauge.
  mutating func add(_ value: Double, to family: MetricFamily, _ labels: [MetricLabel] = []) {
    lines[family, default: []].append("\(family.name)\(Self.text(labels)) \(Self.text(value))")
  }

  /// The buckets of a histogram, not yet added up.
  mutating func add(_ buckets: [UInt64], sum: Double, to family: MetricFamily, _ labels: [MetricLabel]) {
    var total: UInt64 = 0
    for (index, count) in buckets.enumerated() {
      total += count
      let bound = index < MetricFamily.bounds.count ? Self.text(MetricFamily.bounds[index]) : "+Inf"
      let all = labels + [MetricLabel("le", bound)]
      lines[family, default: []].append("\(family.name)_bucket\(Self.text(all)) \(total)")
    }
    lines[family, default: []].append("\(family.name)_sum\(Self.text(labels)) \(Self.text(sum))")
    lines[family, default: []].append("\(family.name)_count\(Self.text(labels)) \(total)")
  }

  var text: String {
    var text = ""
    for (family, lines) in lines.sorted(by: { $0.key.name < $1.key.name }) {
      let help = family.help.split(separator: "\n").joined(separator: " ")
      text += "# HELP \(family.name) \(help)\n# TYPE \(family.name) \(family.kind.rawValue)\n"
      // The buckets of a histogram stay together, in their order.
      for line in family.kind == .histogram ? lines : lines.sorted() { text += line + "\n" }
    }
    return text
  }

  private static func text(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf" }
    return value.rounded() == value && abs(value) < 1e15 ? String(Int64(value)) : String(value)
  }

  private static func text(_ labels: [MetricLabel]) -> String {
    guard !labels.isEmpty else { return "" }
    return "{" + labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",") + "}"
  }

  /// A label's value as it stands between quotation marks.
  static func escaped(_ value: String) -> String {
    var text = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\\": text += "\\\\"
      case "\"": text += "\\\""
      case "\n": text += "\\n"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}
