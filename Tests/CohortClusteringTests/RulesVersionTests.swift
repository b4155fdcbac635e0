import CohortClustering
import CohortCore
import Testing

/// Rounds say by which rules they are made, and no rule changes without another version.
struct RulesVersionTests {
  /// What the histories below come to under each version of the rules that the program knows. None of these ever changes:
  /// rules that decide otherwise are another version (`GroupingState.rulesVersion`). A threshold that moves a little may
  /// decide nothing here; it is another version all the same.
  static let known: [UInt32: String] = [
    5: "lengths bc523228e334e41c, sorted c7d1dbe766e75b1c, limited b2c20a84ab36e138, balanced dcc19213bbed3ba9, "
      + "tree bb52ea638ade5db, restarted 811ed4e796bdc2c4, window 321127de8ef6f5fe",
    6: "lengths bc523228e334e41c, sorted b43b17edd4f2a0e4, limited 7acddd3f460a4fa, balanced dcc19213bbed3ba9, "
      + "tree bb52ea638ade5db, restarted c44b018f166773ce, window e9eed4fd6211dff1",
  ]

  @Test(arguments: GroupingState.knownRules)
  func fixedHistoriesComeOutAsTheyDidUnderTheirRules(rules: UInt32) throws {
    var sorted = try Driver.embedding(.groups(24), dimension: 12, rules: rules)
    try sorted.insertVectors(
      IsotropicMixture(count: 5_000, dimension: 12, components: 40, sigma: 0.9, seed: 81, sorted: true).vectors)
    try sorted.delete((0..<1_500).map { $0 * 3 })
    for _ in 0..<2 { try sorted.refine() }

    var limited = try Driver.embedding(
      .automatic, dimension: 7, options: EmbeddingOptions(repairRange: 4), rules: rules)
    try limited.insertVectors(
      IsotropicMixture(count: 2_500, dimension: 7, components: 30, sigma: 1.4, seed: 82, sorted: true).vectors)

    var balanced = try BalanceTests.driver(.groupSize(40), rules: rules)
    for data in BalanceTests.Data.allCases { try balanced.insertVectors(data.vectors(700, seed: 83)) }
    try balanced.delete((0..<800).map { $0 * 2 })
    try balanced.refine()

    var options = EmbeddingOptions()
    options.mostSearched = 30
    var tree = try Driver.embedding(.groups(120), dimension: 16, options: options, rules: rules)
    try tree.insertVectors(IsotropicMixture(count: 2_500, dimension: 16, components: 80, seed: 84).vectors)

    let (scattered, rest) = try GuardTests.scattered(rules: rules)
    var restarted = scattered
    try restarted.insertVectors(rest)
    #expect(restarted.store.events.contains { $0.kind == .reclustered })

    // Samples go as fast as they come, until the history counts for the length of a round.
    var window = try Driver.embedding(.groups(12), dimension: 6, rules: rules)
    let passing = IsotropicMixture(count: 6_000, dimension: 6, components: 30, seed: 87, sorted: true).vectors
    for start in stride(from: 0, to: passing.count, by: 200) {
      try window.insertVectors(Array(passing[start..<(start + 200)]))
      if start >= 400 { try window.delete(Array((start - 400)..<(start - 200))) }
    }

    let found =
      "lengths \(Self.lengths), sorted \(Self.digest(sorted)), limited \(Self.digest(limited)), "
      + "balanced \(Self.digest(balanced)), tree \(Self.digest(tree)), restarted \(Self.digest(restarted)), "
      + "window \(Self.digest(window))"
    #expect(found == Self.known[rules], "The rules decide otherwise: they are another version")
  }

  /// Of everything that was decided: events, groups and assignments, and not of what says so.
  private static func digest(_ driver: Driver) -> String {
    var writer = ByteWriter()
    for event in driver.store.events where event.kind != .ruled { event.encode(into: &writer) }
    for (_, record) in driver.store.records.sorted(by: { $0.key < $1.key }) { writer.blob(record) }
    for group in driver.store.groups { writer.fixed(group) }
    for distance in driver.store.distances { writer.fixed(distance.bitPattern) }
    return String(XXH3.hash64(writer.bytes), radix: 16)
  }

  private static var lengths: String {
    var writer = ByteWriter()
    let sizes =
      stride(from: UInt64(0), to: 100_000, by: 97)
      + (10..<50).flatMap { power in [-1, 0, 1].map { UInt64((1 << power) + $0) } }
    for present in sizes {
      for turns: UInt64 in [1, 7, 100] {
        writer.varint(RoundSchedule.length(present: present, applied: present * turns))
      }
    }
    return String(XXH3.hash64(writer.bytes), radix: 16)
  }

  // MARK: Notes

  private static func noted(_ driver: Driver) -> [GroupEvent] { driver.store.events.filter { $0.kind == .ruled } }

  @Test func theFirstRoundSaysByWhichRulesItIsMade() throws {
    var driver = try Driver.embedding(.groups(8), dimension: 6)
    #expect(try EmbeddingHeader(in: driver.state.encodedHeader)?.rules == GroupingState.unnotedRulesVersion)
    driver.restarting = true
    try driver.insertVectors(IsotropicMixture(count: 400, dimension: 6, components: 8, seed: 85).vectors)
    try driver.refine()
    #expect(
      Self.noted(driver) == [GroupEvent(.ruled, position: 1, count: UInt64(GroupingState.rulesVersion))])
    #expect(driver.store.events.first?.kind == .ruled)
    #expect(try EmbeddingHeader(in: driver.store.header)?.rules == GroupingState.rulesVersion)
  }

  /// Groupings of before versions were noted, and of other programs, say from which round on they have other rules.
  @Test(arguments: [GroupingState.unnotedRulesVersion, GroupingState.rulesVersion + 1], [false, true])
  func aChangeOfRulesIsNotedWhereItHappens(old: UInt32, byAPass: Bool) throws {
    let vectors = IsotropicMixture(count: 500, dimension: 6, components: 8, seed: 86).vectors
    var driver = try Driver.embedding(.groups(8), dimension: 6)
    driver.state.rules = old
    // No tail, by any rules.
    try driver.insertVectors(Array(vectors[..<298]))
    #expect(Self.noted(driver).map(\.count) == (old == GroupingState.unnotedRulesVersion ? [] : [UInt64(old)]))
    #expect(try EmbeddingHeader(in: driver.store.header)?.rules == old)
    driver.state = try driver.store.restored()
    #expect(driver.state.rules == GroupingState.rulesVersion, "a program has rules of its own")
    let before = driver.store.events.count
    if byAPass { try driver.refine() }
    try driver.insertVectors(Array(vectors[298...]))
    let events = driver.store.events[before...]
    #expect(events.prefix(2).contains { $0.kind == .ruled && $0.count == UInt64(GroupingState.rulesVersion) })
    #expect(events.count { $0.kind == .ruled } == 1)
    #expect(events.first?.kind == (byAPass ? .refined : .ruled))
    #expect(try EmbeddingHeader(in: driver.store.header)?.rules == GroupingState.rulesVersion)
    #expect(try driver.store.restored().digest == driver.state.digest)
  }

  @Test func otherGroupingsHaveNoSuchRules() throws {
    var driver = try Driver(GroupingDefinition(criterion: .task))
    try driver.insertLabels(["a", nil, "b"])
    #expect(Self.noted(driver).isEmpty)
  }

  @Test(arguments: [
    "02" + "01000000", "02" + "020000", "02" + "02000000" + "02" + "02000000", "03" + "02000000",
    "02" + "02000000" + "01" + "00000000000000000000000000000000",
  ])
  func headersThatMakeNoSenseAreRefused(options: String) throws {
    var driver = try Driver.embedding(.groups(4), dimension: 2)
    driver.state.rules = GroupingState.unnotedRulesVersion
    try driver.insertVectors([[3, 4]])
    let sound = driver.state.encodedHeader
    #expect(try EmbeddingHeader(in: sound)?.options.isGuarded == true)
    // The engine's part is the last blob: its length, the repair range, the guard's field, the digest.
    let part = sound.count - 8 - 17 - 4
    let fields = stride(from: 0, to: options.count, by: 2).compactMap { at in
      let start = options.index(options.startIndex, offsetBy: at)
      return UInt8(options[start..<options.index(start, offsetBy: 2)], radix: 16)
    }
    let damaged = sound[..<(part - 1)] + [UInt8(4 + fields.count)] + sound[part..<(part + 4)] + fields + sound.suffix(8)
    #expect(throws: CohortError.self) { try EmbeddingHeader(in: Array(damaged)) }
  }
}
