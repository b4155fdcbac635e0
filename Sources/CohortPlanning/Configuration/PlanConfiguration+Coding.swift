internal import CohortCore

/// Bytes of a configuration, as in `Schemas/plan.md`.
extension PlanConfiguration {
  func encode(into writer: inout ByteWriter) {
    writer.varint(batchSize)
    writer.fixed(seed)
    writer.fixed(tail.byte)
    writer.fixed(smallGroups.byte)
    writer.fixed(order.byte)
    writer.fixed(UInt8(longestFirst ? 1 : 0))
    switch weights {
    case .proportional: writer.fixed(UInt8(0))
    case .temperature(let temperature):
      writer.fixed(UInt8(1))
      writer.fixed(temperature)
    case .explicit(let values):
      writer.fixed(UInt8(2))
      writer.varint(values.count)
      for (group, weight) in values.sorted(by: { $0.key < $1.key }) {
        writer.fixed(group.rawValue)
        writer.fixed(weight)
      }
    }
    writer.varint(phases.count)
    for phase in phases {
      writer.varint(phase.epochs)
      writer.fixed(UInt8(phase.kind == .grouped ? 0 : 1))
    }
    writer.varint(tokenBudget ?? 0)
  }

  init(from reader: inout ByteReader) throws {
    let batchSize = try reader.varint()
    let seed = try reader.fixed(UInt64.self)
    let tail = try Self.choice(Tail.allCases, \.byte, from: &reader, "tail")
    let smallGroups = try Self.choice(SmallGroups.allCases, \.byte, from: &reader, "small groups")
    let order = try Self.choice(Order.allCases, \.byte, from: &reader, "order")
    let longestFirst = try Self.choice([false, true], \.byte, from: &reader, "longest first")
    let weights: Weights
    switch try reader.fixed(UInt8.self) {
    case 0: weights = .proportional
    case 1: weights = .temperature(try reader.double())
    case 2:
      var values: [GroupID: Double] = [:]
      for _ in 0..<(try reader.count(unit: 12)) {
        let group = GroupID(try reader.fixed(UInt32.self))
        guard values.updateValue(try reader.double(), forKey: group) == nil else {
          throw CohortError.damaged("weights", "group \(group) has two weights")
        }
      }
      weights = .explicit(values)
    case let tag: throw CohortError.damaged("weights", "kind \(tag)")
    }
    var phases: [Phase] = []
    for _ in 0..<(try reader.count(unit: 2)) {
      let epochs = try reader.varint()
      phases.append(Phase(epochs: epochs, kind: try Self.choice(EpochKind.allCases, \.byte, from: &reader, "phase")))
    }
    let budget = try reader.varint()
    self.init(
      batchSize: batchSize, seed: seed, tail: tail, smallGroups: smallGroups, order: order, longestFirst: longestFirst,
      weights: weights, phases: phases, tokenBudget: budget == 0 ? nil : budget)
  }

  private static func choice<T>(
    _ cases: [T], _ byte: (T) -> UInt8, from reader: inout ByteReader, _ setting: String
  ) throws -> T {
    let value = try reader.fixed(UInt8.self)
    guard let found = cases.first(where: { byte($0) == value }) else {
      throw CohortError.damaged(setting, "value \(value)")
    }
    return found
  }
}

extension Bool {
  fileprivate var byte: UInt8 { self ? 1 : 0 }
}

extension PlanConfiguration.EpochKind {
  fileprivate var byte: UInt8 { self == .grouped ? 0 : 1 }
}

extension PlanConfiguration.Tail {
  fileprivate var byte: UInt8 {
    switch self {
    case .fill: 0
    case .short: 1
    case .drop: 2
    case .pool: 3
    }
  }
}

extension PlanConfiguration.SmallGroups {
  fileprivate var byte: UInt8 {
    switch self {
    case .automatic: 0
    case .keep: 1
    case .fold: 2
    }
  }
}

extension PlanConfiguration.Order {
  fileprivate var byte: UInt8 {
    switch self {
    case .shuffled: 0
    case .curriculum: 1
    case .roundRobin: 2
    case .blocked: 3
    }
  }
}
