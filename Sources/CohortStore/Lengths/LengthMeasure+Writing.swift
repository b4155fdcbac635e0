public import CohortCore

extension WriteTransaction {
  /// Adds a length measure; no sample is measured by it yet.
  /// - Parameters:
  ///   - unit: any but `field`.
  ///   - tokenizer: XXH3-128 of the tokenizer's file, for `tokens`.
  ///   - part: what counts of each message.
  /// - Throws: `store.name`; `store.length-measure-exists`; `store.length-unit`.
  public func createMeasure(
    name: String, unit: LengthUnit, tokenizer: Digest128? = nil, part: MessageParts.Part = .everything
  ) throws -> LengthMeasure {
    try NameRule.check(name, of: "length measure")
    guard name != SampleLengths.ownMeasure, try reading.measure(named: name) == nil else {
      throw CohortError.exists("length-measure", name)
    }
    guard unit != .field, (unit == .tokens) == (tokenizer != nil) else {
      throw CohortError(
        .storeLengthUnit, "A further length measure cannot count in the unit \(unit.name)",
        hint: "Characters, bytes and words can be counted, and tokens by a tokenizer")
    }
    let measure = LengthMeasure(
      id: MeasureID(state.counters.nextMeasure), name: name, unit: unit, tokenizer: tokenizer, part: part,
      columnNumber: state.counters.nextColumn)
    try require(StoreFormat.measures)
    if part != .everything { try require(StoreFormat.measuredParts) }
    state.counters.nextMeasure += 1
    state.counters.nextColumn += 3
    try put(measure)
    try log(
      LogEvent.MeasureCreated(id: measure.id, name: name, unit: unit, tokenizer: tokenizer, part: part))
    return measure
  }

  /// Stores the lengths of the samples that follow those which the measure has. A sample that was deleted meanwhile is
  /// passed over.
  /// - Parameters:
  ///   - lengths: of consecutive samples; nil for those that were deleted.
  ///   - first: the first of them: the measure's `rows`.
  /// - Returns: how many samples are measured now that were not before.
  /// - Throws: `store.unknown-length-measure` when it was dropped; `store.measure-order` for other samples than the next.
  @discardableResult
  public func measure(_ lengths: [SampleLengths?], from first: SampleID, by measure: LengthMeasure) throws -> Int {
    guard var record = try reading.measure(measure.id) else {
      throw CohortError.unknown("length-measure", measure.name, known: try reading.measures().map(\.name))
    }
    let end = first.rawValue + UInt64(lengths.count)
    guard first.rawValue == record.rows, end <= state.counters.nextSample else {
      throw CohortError(
        .storeMeasureOrder, "Lengths of sample \(first) were measured where those of \(record.rows) are to come")
    }
    guard !lengths.isEmpty else { return 0 }
    var measured: [SampleID] = []
    var parts = [[UInt32]](repeating: [], count: 3)
    for (index, lengths) in lengths.enumerated() {
      let id = first.rawValue + UInt64(index)
      if let lengths, try columns.uint8(Column.tombstone, row: id) == 0 {
        measured.append(SampleID(id))
        for (part, length) in [lengths.prompt, lengths.response, lengths.total].enumerated() {
          parts[part].append(min(length, LengthMeasure.unmeasured - 1))
        }
      } else {
        for part in parts.indices { parts[part].append(LengthMeasure.unmeasured) }
      }
    }
    for (column, values) in zip(record.columns, parts) { try columns.set(column, from: first.rawValue, values) }
    record.rows = end
    try put(record)
    try log(LogEvent.Measured(measure: record.id, ranges: IDRange.runs(measured), end: end))
    return measured.count
  }

  /// Removes a length measure and its lengths.
  /// - Throws: `store.unknown-length-measure`; `store.length-measure-in-use` while groupings divide by it.
  public func dropMeasure(named name: String) throws {
    let record = try reading.existingMeasure(name)
    let groupings = try reading.groupings().filter { $0.definition.measure == name }.map(\.name)
    guard groupings.isEmpty else {
      throw CohortError(
        .storeLengthMeasureInUse,
        "Groupings divide by length measure \"\(name)\": \(groupings.joined(separator: ", "))", hint: "Drop them first")
    }
    for column in record.columns { try removeChunks(of: column) }
    try remove(record)
    state.counters.droppedMeasures += 1
    try log(LogEvent.MeasureDropped(id: record.id, name: name))
  }
}
