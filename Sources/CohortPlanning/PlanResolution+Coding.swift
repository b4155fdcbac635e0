internal import CohortCore

/// The bytes of a plan, as in `Schemas/plan.md`.
extension PlanResolution {
  private static let magic: UInt32 = 0x4e4c_5043  // "CPLN"
  static let version: UInt16 = 1

  func encode() -> [UInt8] {
    var writer = ByteWriter(capacity: 128 + groups.count * 24)
    writer.fixed(Self.magic)
    writer.fixed(Self.version)
    writer.fixed(storeID.high)
    writer.fixed(storeID.low)
    writer.fixed(populationDigest.high)
    writer.fixed(populationDigest.low)
    writer.string(snapshotName)
    configuration.encode(into: &writer)
    writer.varint(groups.count)
    for group in groups {
      writer.varint(UInt64(group.id.rawValue))
      writer.varint(group.size)
      writer.varint(UInt64(group.longest))
      writer.varint(group.longestMember.map { $0 + 1 } ?? 0)
      writer.fixed(group.meanLength)
    }
    let folded = leads.indices.filter { leads[$0] != $0 }
    writer.varint(folded.count)
    for index in folded {
      writer.varint(index)
      writer.varint(leads[index])
    }
    writer.varint(quotas?.count ?? 0)
    for quota in quotas ?? [] { writer.varint(quota) }
    writer.varint(poolOrder.count)
    for lead in poolOrder { writer.varint(lead) }
    return writer.bytes
  }

  init(decoding bytes: [UInt8]) throws {
    self = try ByteReader.decode(bytes) { reader in
      guard try reader.fixed(UInt32.self) == Self.magic else {
        throw CohortError.damaged("byte 0", "these bytes are not a plan")
      }
      let version = try reader.fixed(UInt16.self)
      guard version == Self.version else {
        throw CohortError(
          version > Self.version ? .planningNewerFormat : .planningUnknownFormat,
          "the plan has format \(version), this release reads format \(Self.version)",
          hint: version > Self.version ? "Use a newer release of Cohort" : nil)
      }
      let storeID = Digest128(high: try reader.fixed(), low: try reader.fixed())
      let digest = Digest128(high: try reader.fixed(), low: try reader.fixed())
      let snapshotName = try reader.string()
      let configuration = try PlanConfiguration(from: &reader)
      do { try configuration.validate() } catch let error as CohortError {
        throw CohortError.damaged("configuration", error.description)
      }
      let groups = try Self.groups(from: &reader)
      let leads = try Self.leads(of: groups, from: &reader)
      let units = leads.indices.reduce(0) { $0 + (leads[$1] == $1 && groups[$1].size > 0 ? 1 : 0) }
      return PlanResolution(
        configuration: configuration, storeID: storeID, snapshotName: snapshotName, populationDigest: digest,
        groups: groups, leads: leads, quotas: try Self.quotas(units, configuration, from: &reader),
        poolOrder: try Self.poolOrder(units, configuration, leads, groups, from: &reader))
    }
  }

  private static func groups(from reader: inout ByteReader) throws -> [PlanGroup] {
    var groups: [PlanGroup] = []
    let count = try reader.count(unit: 12)
    groups.reserveCapacity(count)
    var offset: UInt64 = 0
    for _ in 0..<count {
      let number = try reader.varint()
      guard number <= UInt32.max else { throw CohortError.damaged("group \(number)", "no group has this id") }
      let id = GroupID(UInt32(number))
      let size = try reader.varint()
      let longest = try reader.varint()
      let member = try reader.varint()
      let mean = try reader.double()
      if let last = groups.last, last.id >= id { throw CohortError.damaged("group \(id)", "ids do not ascend") }
      guard size <= Population.greatestSize, offset + size <= Population.greatestSize, longest <= UInt32.max,
        member <= size, mean.isFinite, mean >= 0
      else { throw CohortError.damaged("group \(id)", "a value is out of range") }
      groups.append(
        PlanGroup(
          id: id, size: size, offset: offset, longest: UInt32(longest), meanLength: mean,
          longestMember: member == 0 ? nil : member - 1))
      offset += size
    }
    guard offset > 0 else { throw CohortError.damaged("groups", "no rows") }
    return groups
  }

  private static func leads(of groups: [PlanGroup], from reader: inout ByteReader) throws -> [Int] {
    var leads = Array(groups.indices)
    for _ in 0..<(try reader.count(unit: 2)) {
      let index = try reader.varint()
      let lead = try reader.varint()
      guard index < UInt64(groups.count), lead < UInt64(groups.count), index != lead, leads[Int(index)] == Int(index)
      else { throw CohortError.damaged("folded groups", "group \(index) into \(lead)") }
      leads[Int(index)] = Int(lead)
    }
    for (index, lead) in leads.enumerated() where lead != index {
      guard leads[lead] == lead, groups[lead].size > 0, groups[index].size > 0 else {
        throw CohortError.damaged("folded groups", "group \(index) into \(lead)")
      }
    }
    return leads
  }

  private static func quotas(
    _ units: Int, _ configuration: PlanConfiguration, from reader: inout ByteReader
  ) throws -> [UInt64]? {
    let count = try reader.count()
    let isWeighted = configuration.weights != .proportional
    guard count == (isWeighted ? units : 0) else {
      throw CohortError.damaged("quotas", "\(count) of them for \(units) units")
    }
    guard isWeighted else { return nil }
    var total: UInt64 = 0
    var quotas: [UInt64] = []
    quotas.reserveCapacity(count)
    for _ in 0..<count {
      let quota = try reader.varint()
      guard quota <= Population.greatestSize, total + quota <= Population.greatestSize else {
        throw CohortError.damaged("quotas", "\(quota) samples")
      }
      total += quota
      quotas.append(quota)
    }
    return quotas
  }

  private static func poolOrder(
    _ units: Int, _ configuration: PlanConfiguration, _ leads: [Int], _ groups: [PlanGroup],
    from reader: inout ByteReader
  ) throws -> [Int] {
    let count = try reader.count()
    guard count == (configuration.tail == .pool ? units : 0) else {
      throw CohortError.damaged("pool", "\(count) of \(units) units")
    }
    var seen = [Bool](repeating: false, count: groups.count)
    var order: [Int] = []
    order.reserveCapacity(count)
    for _ in 0..<count {
      let lead = try reader.varint()
      guard lead < UInt64(groups.count), leads[Int(lead)] == Int(lead), groups[Int(lead)].size > 0, !seen[Int(lead)]
      else { throw CohortError.damaged("pool", "unit \(lead)") }
      seen[Int(lead)] = true
      order.append(Int(lead))
    }
    return order
  }
}
