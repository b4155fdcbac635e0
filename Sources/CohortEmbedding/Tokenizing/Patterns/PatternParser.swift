/// A pattern as a tree.
indirect enum PatternNode {
  enum Greed { case greedy, lazy, possessive }
  enum Anchor { case lineStart, lineEnd, textStart, textEnd }

  case set(ScalarSet)
  case sequence([PatternNode])
  case choice([PatternNode])
  case repetition(PatternNode, least: Int, most: Int?, Greed)
  case lookahead(PatternNode, isNegated: Bool)
  case atomic(PatternNode)
  case anchor(Anchor)

  var canBeEmpty: Bool {
    switch self {
    case .set: false
    case .sequence(let nodes): nodes.allSatisfy(\.canBeEmpty)
    case .choice(let nodes): nodes.contains(where: \.canBeEmpty)
    case .repetition(let node, let least, _, _): least == 0 || node.canBeEmpty
    case .lookahead, .anchor: true
    case .atomic(let node): node.canBeEmpty
    }
  }
}

/// Reads the regular expressions that occur in tokenizers: Oniguruma's Ruby syntax, without captures, back references,
/// look-behind, scripts and intersections.
struct PatternParser {
  private let scalars: [UInt32]
  private var index = 0
  private var ignoresCase = false
  private var depth = 0

  static func parse(_ text: String) throws(PatternFault) -> PatternNode {
    var parser = PatternParser(scalars: text.unicodeScalars.map(\.value))
    let node = try parser.choice()
    guard parser.index == parser.scalars.count else { throw PatternFault("an unmatched parenthesis") }
    return node
  }

  private init(scalars: [UInt32]) { self.scalars = scalars }

  private var next: UInt32? { index < scalars.count ? scalars[index] : nil }

  private mutating func take(_ text: StaticString) -> Bool {
    let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    guard index + wanted.count <= scalars.count,
      wanted.indices.allSatisfy({ scalars[index + $0] == UInt32(wanted[$0]) })
    else { return false }
    index += wanted.count
    return true
  }

  private mutating func choice() throws(PatternFault) -> PatternNode {
    depth += 1
    defer { depth -= 1 }
    guard depth < 50 else { throw PatternFault("groups nested too deep") }
    var choices = [try sequence()]
    while take("|") { choices.append(try sequence()) }
    return choices.count == 1 ? choices[0] : .choice(choices)
  }

  private mutating func sequence() throws(PatternFault) -> PatternNode {
    var nodes: [PatternNode] = []
    while let scalar = next, scalar != 0x7c, scalar != 0x29 {
      var node = try atom()
      var repetitions = 0
      while let repeated = try repetition(of: node) {
        node = repeated
        repetitions += 1
        guard repetitions < 10 else { throw PatternFault("repetitions of repetitions") }
      }
      nodes.append(node)
    }
    return nodes.count == 1 ? nodes[0] : .sequence(nodes)
  }

  private mutating func repetition(of node: PatternNode) throws(PatternFault) -> PatternNode? {
    var (least, most): (Int, Int?)
    var isInterval = false
    if take("?") {
      (least, most) = (0, 1)
    } else if take("*") {
      (least, most) = (0, nil)
    } else if take("+") {
      (least, most) = (1, nil)
    } else if let interval = try interval() {
      (least, most) = interval
      isInterval = true
    } else {
      return nil
    }
    if take("?") { return .repetition(node, least: least, most: most, .lazy) }
    // In Ruby's syntax an interval is not possessive: what follows repeats it.
    if !isInterval, take("+") { return .repetition(node, least: least, most: most, .possessive) }
    return .repetition(node, least: least, most: most, .greedy)
  }

  /// `{n}`, `{n,}`, `{,m}` or `{n,m}`; anything else in braces stands for itself.
  private mutating func interval() throws(PatternFault) -> (Int, Int?)? {
    let start = index
    guard take("{") else { return nil }
    let least = number()
    let hasComma = take(",")
    let most = hasComma ? number() : least
    guard take("}"), least != nil || most != nil else {
      index = start
      return nil
    }
    guard (most ?? 0) <= 1000, (least ?? 0) <= min(1000, most ?? 1000) else {
      throw PatternFault("an interval that is too long")
    }
    return (least ?? 0, most)
  }

  private mutating func number() -> Int? {
    var value: Int?
    while let digit = next, (0x30...0x39).contains(digit), (value ?? 0) < 10_000 {
      value = (value ?? 0) * 10 + Int(digit - 0x30)
      index += 1
    }
    return value
  }

  private mutating func atom() throws(PatternFault) -> PatternNode {
    if take("(") { return try group() }
    if take("[") { return .set(try set()) }
    if take(".") { return .set(ScalarSet.newline.negated) }
    if take("^") { return .anchor(.lineStart) }
    if take("$") { return .anchor(.lineEnd) }
    if take("\\A") { return .anchor(.textStart) }
    if take("\\z") { return .anchor(.textEnd) }
    if take("\\") { return .set(try cased(escape())) }
    guard let scalar = next else { throw PatternFault("an end in the middle") }
    let isInterval = try interval() != nil
    if isInterval || [0x2a, 0x2b, 0x3f].contains(scalar) { throw PatternFault("a repetition of nothing") }
    index += 1
    return .set(try cased(ScalarSet(scalar...scalar)))
  }

  private func cased(_ set: ScalarSet) throws(PatternFault) -> ScalarSet {
    guard ignoresCase else { return set }
    var set = set
    try set.insertOtherCases()
    return set
  }

  private mutating func group() throws(PatternFault) -> PatternNode {
    let before = ignoresCase
    defer { ignoresCase = before }
    var wrap: (PatternNode) -> PatternNode = { $0 }
    if take("?:") {
    } else if take("?i:") {
      ignoresCase = true
    } else if take("?-i:") {
      ignoresCase = false
    } else if take("?=") {
      wrap = { .lookahead($0, isNegated: false) }
    } else if take("?!") {
      wrap = { .lookahead($0, isNegated: true) }
    } else if take("?>") {
      wrap = { .atomic($0) }
    } else if next == 0x3f {
      throw PatternFault("a group of a kind that is not known")
    }
    let node = try choice()
    guard take(")") else { throw PatternFault("a group without an end") }
    return wrap(node)
  }

  /// What follows a backslash.
  private mutating func escape() throws(PatternFault) -> ScalarSet {
    guard let scalar = next else { throw PatternFault("a backslash at the end") }
    index += 1
    switch Unicode.Scalar(scalar) {
    case "s": return .patternSpace
    case "S": return ScalarSet.patternSpace.negated
    case "w": return .patternWord
    case "W": return ScalarSet.patternWord.negated
    case "d": return try property("nd")
    case "D": return try property("nd").negated
    case "p", "P":
      guard take("{") else { throw PatternFault("a property without braces") }
      var isNegated = scalar == 0x50
      if take("^") { isNegated.toggle() }
      var name = ""
      while let scalar = next, scalar != 0x7d, name.utf8.count < 40 {
        name.unicodeScalars.append(Unicode.Scalar(scalar) ?? "?")
        index += 1
      }
      guard take("}") else { throw PatternFault("a property without braces") }
      return isNegated ? try property(name).negated : try property(name)
    case "r": return ScalarSet(0x0d...0x0d)
    case "n": return ScalarSet(0x0a...0x0a)
    case "t": return ScalarSet(0x09...0x09)
    case "f": return ScalarSet(0x0c...0x0c)
    case "v": return ScalarSet(0x0b...0x0b)
    case "x" where take("{"):
      let value = hexadecimal(8)
      guard take("}"), let value else { throw PatternFault("a malformed escape") }
      return ScalarSet(value...value)
    case "x", "u":
      guard let value = hexadecimal(scalar == 0x78 ? 2 : 4) else { throw PatternFault("a malformed escape") }
      return ScalarSet(value...value)
    case let other? where other.isASCII && !other.properties.isAlphabetic && !("0"..."9").contains(other):
      return ScalarSet(scalar...scalar)
    default: throw PatternFault("an escape that is not known")
    }
  }

  private func property(_ name: String) throws(PatternFault) -> ScalarSet {
    guard let set = ScalarSet(property: name) else { throw PatternFault("the property \(name)") }
    return set
  }

  private mutating func hexadecimal(_ most: Int) -> UInt32? {
    var value: UInt32?
    for _ in 0..<most {
      guard let digit = next.flatMap(Unicode.Scalar.init).flatMap({ Character($0).hexDigitValue }) else { break }
      value = (value ?? 0) << 4 | UInt32(digit)
      index += 1
    }
    return value.flatMap { $0 <= 0x10ffff ? $0 : nil }
  }

  /// A class, after its opening bracket.
  private mutating func set() throws(PatternFault) -> ScalarSet {
    depth += 1
    defer { depth -= 1 }
    guard depth < 50 else { throw PatternFault("classes nested too deep") }
    let isNegated = take("^")
    var set = ScalarSet()
    var isFirst = true
    while true {
      guard let scalar = next else { throw PatternFault("a class without an end") }
      if take("&&") || take("[:") { throw PatternFault("an intersection or a POSIX class") }
      if take("[") {
        set.insert(try self.set())
      } else if scalar == 0x5d, !isFirst {
        index += 1
        break
      } else {
        set.insert(try cased(try range()))
      }
      isFirst = false
    }
    return isNegated ? set.negated : set
  }

  /// One member of a class, or a range of them.
  private mutating func range() throws(PatternFault) -> ScalarSet {
    guard let first = try member() else { throw PatternFault("a class without an end") }
    guard case .scalar(let lower) = first else { return first.set }
    guard next == 0x2d, index + 1 < scalars.count, scalars[index + 1] != 0x5d else { return first.set }
    index += 1
    guard case .scalar(let upper)? = try member(), lower <= upper else { throw PatternFault("a range that is empty") }
    return ScalarSet(lower...upper)
  }

  private enum Member {
    case scalar(UInt32)
    case several(ScalarSet)

    var set: ScalarSet {
      switch self {
      case .scalar(let scalar): ScalarSet(scalar...scalar)
      case .several(let set): set
      }
    }
  }

  private mutating func member() throws(PatternFault) -> Member? {
    guard let scalar = next else { return nil }
    index += 1
    guard scalar == 0x5c else { return .scalar(scalar) }
    let set = try escape()
    return set.only.map { .scalar($0) } ?? .several(set)
  }
}
