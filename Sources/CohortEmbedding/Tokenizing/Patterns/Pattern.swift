/// A compiled regular expression: a backtracking machine over UTF-8, with its own stack.
///
/// Choices are tried in order and repetitions are greedy, as in Perl, Ruby and Oniguruma, so the same parts match.
package struct Pattern: Sendable {
  enum Instruction: Sendable {
    case set(Int)
    /// A set again and again; leaves one choice point however long it gets.
    case loop(Int, least: Int, most: Int, PatternNode.Greed)
    /// Goes on at the first, and at the second if that fails.
    case split(Int, Int)
    case jump(Int)
    /// Goes on at `next` if what follows matches here (or doesn't), without moving.
    case look(isNegated: Bool, next: Int)
    /// Goes on at `next` behind the first way in which what follows matches.
    case atomic(next: Int)
    case anchor(PatternNode.Anchor)
    case accept
  }

  /// A way not taken yet: from `pc` at `position`, and, of a loop, at every scalar back to `least`.
  private struct ChoicePoint: BitwiseCopyable {
    var pc: Int
    var position: Int
    var least: Int
    /// Of a lazy loop: how many times it may still go on; -1 for all others.
    var remaining: Int
  }

  private var instructions: [Instruction] = []
  private var sets: [ScalarSet] = []

  /// Oniguruma gives up after as many.
  private static let mostSteps = 10_000_000

  package init(_ text: String) throws(PatternFault) {
    let node = try PatternParser.parse(text)
    if node.canBeEmpty { throw PatternFault("it can match nothing") }
    try compile(node)
    instructions.append(.accept)
  }

  /// Calls `body` with every match, from left to right.
  package func forEachMatch(in text: UnsafeBufferPointer<UInt8>, _ body: (Range<Int>) -> Void) {
    var stack: [ChoicePoint] = []
    stack.reserveCapacity(16)
    var index = 0
    instructions.withUnsafeBufferPointer { instructions in
      sets.withUnsafeBufferPointer { sets in
        let machine = Machine(instructions: instructions, sets: sets, text: text)
        while index < text.count {
          var steps = 0
          if let end = machine.match(0, at: index, &stack, &steps) {
            body(index..<end)
            index = end
          } else {
            index += text.scalar(at: index).length
          }
          stack.removeAll(keepingCapacity: true)
        }
      }
    }
  }

  private struct Machine {
    let instructions: UnsafeBufferPointer<Instruction>
    let sets: UnsafeBufferPointer<ScalarSet>
    let text: UTF8Text

    /// The end of the match that begins at `start`.
    func match(_ entry: Int, at start: Int, _ stack: inout [ChoicePoint], _ steps: inout Int) -> Int? {
      let floor = stack.count
      var pc = entry
      var position = start
      while true {
        steps += 1
        var fails = false
        switch instructions[pc] {
        case .accept:
          stack.removeLast(stack.count - floor)
          return position
        case .set(let set):
          if position < text.count, case let (scalar, length) = text.scalar(at: position), sets[set].contains(scalar) {
            position += length
            pc += 1
          } else {
            fails = true
          }
        case .loop(let set, let least, let most, let greed):
          fails = !loop(set, least, most, greed, pc: pc, &position, &stack)
          pc += 1
        case .split(let first, let second):
          stack.append(ChoicePoint(pc: second, position: position, least: position, remaining: -1))
          pc = first
        case .jump(let target): pc = target
        case .look(let isNegated, let next):
          let found = match(pc + 1, at: position, &stack, &steps) != nil
          fails = found == isNegated
          pc = next
        case .atomic(let next):
          if let end = match(pc + 1, at: position, &stack, &steps) { position = end } else { fails = true }
          pc = next
        case .anchor(let anchor):
          fails = !holds(anchor, at: position)
          pc += 1
        }
        if fails {
          guard steps < Pattern.mostSteps, resume(&pc, &position, &stack, floor: floor) else {
            stack.removeLast(stack.count - floor)
            return nil
          }
        }
      }
    }

    private func loop(
      _ set: Int, _ least: Int, _ most: Int, _ greed: PatternNode.Greed, pc: Int, _ position: inout Int,
      _ stack: inout [ChoicePoint]
    ) -> Bool {
      var count = 0
      var enough = position
      let wanted = greed == .lazy ? least : most
      while count < wanted, position < text.count {
        let (scalar, length) = text.scalar(at: position)
        guard sets[set].contains(scalar) else { break }
        position += length
        count += 1
        if count == least { enough = position }
      }
      guard count >= least else { return false }
      switch greed {
      case .greedy:
        if position > enough { stack.append(ChoicePoint(pc: pc + 1, position: position, least: enough, remaining: -1)) }
      case .lazy: stack.append(ChoicePoint(pc: pc, position: position, least: position, remaining: most - count))
      case .possessive: break
      }
      return true
    }

    /// Takes up the last way not taken; false when there is none.
    private func resume(
      _ pc: inout Int, _ position: inout Int, _ stack: inout [ChoicePoint], floor: Int
    ) -> Bool {
      while stack.count > floor {
        let top = stack.count - 1
        let point = stack[top]
        if point.remaining >= 0 {
          // A lazy loop takes one more.
          guard case .loop(let set, _, _, _) = instructions[point.pc], point.remaining > 0, point.position < text.count,
            case let (scalar, length) = text.scalar(at: point.position), sets[set].contains(scalar)
          else {
            stack.removeLast()
            continue
          }
          stack[top].position += length
          stack[top].remaining -= 1
          (pc, position) = (point.pc + 1, stack[top].position)
          return true
        }
        if point.position > point.least {
          // A greedy loop gives one back.
          position = point.position - text.scalar(before: point.position).length
          stack[top].position = position
          if position == point.least { stack.removeLast() }
          pc = point.pc
          return true
        }
        stack.removeLast()
        (pc, position) = (point.pc, point.position)
        return true
      }
      return false
    }

    private func holds(_ anchor: PatternNode.Anchor, at position: Int) -> Bool {
      switch anchor {
      case .textStart: position == 0
      case .textEnd: position == text.count
      case .lineStart: position == 0 || (text[position - 1] == 0x0a && position < text.count)
      case .lineEnd: position == text.count || text[position] == 0x0a
      }
    }
  }
}

extension Pattern {
  private mutating func compile(_ node: PatternNode) throws(PatternFault) {
    guard instructions.count < 20_000 else { throw PatternFault("more than 20,000 steps") }
    switch node {
    case .set(let set): instructions.append(.set(add(set)))
    case .sequence(let nodes): for node in nodes { try compile(node) }
    case .choice(let nodes): try compile(choice: nodes)
    case .repetition(.set(let set), let least, let most, let greed):
      instructions.append(.loop(add(set), least: least, most: most ?? .max, greed))
    case .repetition(let node, let least, let most, .possessive):
      try compile(.atomic(.repetition(node, least: least, most: most, .greedy)))
    case .repetition(let node, let least, let most, let greed):
      try compile(repeating: node, least, most, isLazy: greed == .lazy)
    case .lookahead(let node, let isNegated):
      let start = reserve()
      try compile(node)
      instructions.append(.accept)
      instructions[start] = .look(isNegated: isNegated, next: instructions.count)
    case .atomic(let node):
      let start = reserve()
      try compile(node)
      instructions.append(.accept)
      instructions[start] = .atomic(next: instructions.count)
    case .anchor(let anchor): instructions.append(.anchor(anchor))
    }
  }

  private mutating func compile(choice nodes: [PatternNode]) throws(PatternFault) {
    var ends: [Int] = []
    for (index, node) in nodes.enumerated() {
      let isLast = index == nodes.count - 1
      let start = isLast ? nil : reserve()
      try compile(node)
      guard let start else { break }
      ends.append(reserve())
      instructions[start] = .split(start + 1, instructions.count)
    }
    for end in ends { instructions[end] = .jump(instructions.count) }
  }

  private mutating func compile(
    repeating node: PatternNode, _ least: Int, _ most: Int?, isLazy: Bool
  ) throws(PatternFault) {
    // Copies of what emits nothing would never reach the limit of steps.
    guard !node.canBeEmpty || (least <= 1 && most ?? 1 <= 1) else {
      throw PatternFault("a repetition of what can be empty")
    }
    for _ in 0..<least { try compile(node) }
    if let most {
      // Each further one is optional, and the way out of all of them is the end.
      var starts: [Int] = []
      for _ in least..<most {
        starts.append(reserve())
        try compile(node)
      }
      let end = instructions.count
      for start in starts { instructions[start] = isLazy ? .split(end, start + 1) : .split(start + 1, end) }
      return
    }
    guard !node.canBeEmpty else { throw PatternFault("a repetition of what can be empty") }
    let start = reserve()
    try compile(node)
    instructions.append(.jump(start))
    instructions[start] =
      isLazy ? .split(instructions.count, start + 1) : .split(start + 1, instructions.count)
  }

  /// A place for an instruction that is not known yet.
  private mutating func reserve() -> Int {
    instructions.append(.accept)
    return instructions.count - 1
  }

  private mutating func add(_ set: ScalarSet) -> Int {
    var set = set
    set.seal()
    sets.append(set)
    return sets.count - 1
  }
}
