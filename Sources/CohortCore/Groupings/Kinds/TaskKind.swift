/// By the task that a sample came with, or was given since.
public struct TaskKind: GroupingKind {
  /// The only value: tasks need no further choice.
  public init() {}

  public static let tags: [UInt8] = [0]
  public init(tag: UInt8, from reader: inout ByteReader) throws {}
  public func encode(into writer: inout ByteWriter) { writer.fixed(UInt8(0)) }

  public var source: GroupingSource { .labels }

  public static let spellings = ["task"]
  public var spelling: String { "task" }
}

extension GroupingKind where Self == TaskKind {
  /// The task that a sample has.
  public static var task: TaskKind { TaskKind() }
}
