public import CohortCore

extension LogEvent {
  /// Tasks or attributes of samples were corrected. What the attributes were is in table `relabels`.
  public struct Relabel: LogEventKind {
    public static let kind = LogKind(21, "relabel")
    /// Labels that were new: their numbers are consecutive from `firstNewTask`.
    public var firstNewTask: TaskID
    /// The new labels, in the order of their numbers.
    public var newTasks: [String]
    /// In the order in which the groupings see the samples: ascending.
    public var parts: [Part]
    /// Given by whoever changed them, for people.
    public var reason: String

    /// Samples whose labels changed in the same way.
    public struct Part: Hashable, Sendable {
      /// The task that they had.
      public var oldTask: TaskID
      /// The task that they have now.
      public var newTask: TaskID
      /// Whether they have other attributes now.
      public var changesAttributes: Bool
      /// The samples, ascending.
      public var ranges: [IDRange]

      /// Whether only the samples differ.
      func hasLabels(of other: Part) -> Bool {
        oldTask == other.oldTask && newTask == other.newTask && changesAttributes == other.changesAttributes
      }

      /// Adds a sample behind the others.
      mutating func append(_ id: SampleID) {
        if let last = ranges.last, last.first.rawValue + last.count == id.rawValue {
          ranges[ranges.count - 1].count += 1
        } else {
          ranges.append(IDRange(first: id, count: 1))
        }
      }
    }

    /// How many samples changed.
    public var samples: UInt64 { parts.reduce(0) { $0 &+ $1.ranges.total } }

    public var fields: [LogField] {
      [
        .count("samples", samples),
        .count("tasks", parts.reduce(0) { $0 &+ ($1.oldTask == $1.newTask ? 0 : $1.ranges.total) }),
        .count("attributes", parts.reduce(0) { $0 &+ ($1.changesAttributes ? $1.ranges.total : 0) }),
        .count("new_tasks", newTasks.count, in: newTasks.isEmpty ? .listing : .all), .text("reason", reason),
      ]
    }
  }
}

extension LogEvent.Relabel {
  init(from reader: inout ByteReader) throws {
    firstNewTask = TaskID(try reader.fixed())
    newTasks = []
    for _ in 0..<(try reader.count()) { newTasks.append(try reader.string()) }
    parts = []
    for _ in 0..<(try reader.count(unit: 10)) {
      let (old, new) = (TaskID(try reader.fixed()), TaskID(try reader.fixed()))
      parts.append(
        Part(
          oldTask: old, newTask: new, changesAttributes: try reader.fixed(UInt8.self) != 0, ranges: try reader.ranges())
      )
    }
    reason = try reader.string()
  }

  func encode(into writer: inout ByteWriter) {
    writer.fixed(firstNewTask.rawValue)
    writer.varint(newTasks.count)
    for task in newTasks { writer.string(task) }
    writer.varint(parts.count)
    for part in parts {
      writer.fixed(part.oldTask.rawValue)
      writer.fixed(part.newTask.rawValue)
      writer.fixed(UInt8(part.changesAttributes ? 1 : 0))
      writer.ranges(part.ranges)
    }
    writer.string(reason)
  }

  func check(_ history: inout LogHistory, _ problem: (String) -> Void) {
    if firstNewTask.rawValue != history.tasks {
      problem("its tasks begin with \(firstNewTask), not \(history.tasks)")
    }
    history.tasks &+= UInt32(truncatingIfNeeded: newTasks.count)
    history.relabelled &+= samples
    for part in parts {
      for range in part.ranges where range.first.rawValue &+ range.count > history.inserted {
        problem("it changes the labels of samples from \(range.first) on, and not all of them are there")
      }
      if part.oldTask.rawValue >= history.tasks || part.newTask.rawValue >= history.tasks {
        problem("it has a task that is not there")
      }
    }
  }

  func changes(in feed: Feed) -> LogChanges { feed == .labelled ? .relabelled(parts.flatMap(\.ranges)) : .none }
}
