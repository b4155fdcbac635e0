/// The elements of a list that stands under a key of a document: `{"version": 1, "data": [{…}, {…}]}`. What stands before
/// and behind the list is passed over, and never kept; documents of the same kind may follow each other.
struct ListSplitter: RecordSplitter {
  /// The key of the list.
  let key: [UInt8]
  /// The key in each element under which the record stands; nil when the elements are the records.
  let inner: String?
  /// Whether a list was found.
  private(set) var hasList = false
  /// Documents without one: their records, if they are some, are not read.
  private(set) var passedOver: UInt64 = 0
  private var elements = ElementSplitter(isArray: true, isInner: true)
  private var isInList = false
  /// The list of this document was read.
  private var isDone = false
  private var depth = 0
  private var isInString = false
  private var isEscaped = false
  /// Where a key on the first level begins; nil in any other string.
  private var keyStart: Int?
  private var expectsKey = false
  /// The key of the list was read, and its value follows.
  private var isAtList = false
  private var outside = (position: 0, openStart: 0)

  init(key: String, inner: String?) {
    self.key = Array(key.utf8)
    self.inner = inner
  }

  var commas: UInt64 { elements.commas }
  /// The input ended inside a document.
  var isCutOff: Bool { depth > 0 }

  var position: Int {
    get { isInList ? elements.position : outside.position }
    set { if isInList { elements.position = newValue } else { outside.position = newValue } }
  }

  var openStart: Int {
    get { isInList ? elements.openStart : outside.openStart }
    set { if isInList { elements.openStart = newValue } else { outside.openStart = newValue } }
  }

  var dropped: UInt64 {
    get { elements.dropped }
    set { elements.dropped = newValue }
  }

  mutating func willDrop(_ bytes: UnsafeBufferPointer<UInt8>) { if isInList { elements.willDrop(bytes) } }

  mutating func split(
    _ bytes: UnsafeBufferPointer<UInt8>, atEnd: Bool, limit: Int, into found: inout FoundRecords
  ) {
    while true {
      if isInList {
        let first = found.records.count
        elements.split(bytes, atEnd: atEnd, limit: limit, into: &found)
        if inner != nil { for index in first..<found.records.count { narrow(&found.records[index], bytes) } }
        guard elements.hasEnded else { return }
        isInList = false
        outside = (elements.position, elements.position)
      }
      seek(bytes)
      if !isInList { return }
    }
  }

  /// Looks for the list, up to the end of the bytes.
  private mutating func seek(_ bytes: UnsafeBufferPointer<UInt8>) {
    var at = outside.position
    if keyStart != nil { keyStart = outside.openStart }
    while at < bytes.count {
      let byte = bytes[at]
      if isInString {
        if isEscaped {
          isEscaped = false
        } else if byte == 0x5c {
          isEscaped = true
        } else if byte == 0x22 {
          isInString = false
          if let start = keyStart {
            isAtList = !isDone && bytes[(start + 1)..<at].elementsEqual(key)
            keyStart = nil
          }
        }
        // Longer than any key that is looked for: not to be kept.
        if let start = keyStart, at - start > key.count { keyStart = nil }
      } else {
        switch byte {
        case 0x22:
          isInString = true
          isAtList = false
          if depth == 1, expectsKey { keyStart = at }
          expectsKey = false
        case 0x5b where isAtList:
          isAtList = false
          isDone = true
          hasList = true
          isInList = true
          elements.restart(at: at)
          outside = (at, at)
          return
        case 0x7b, 0x5b:
          isAtList = false
          depth += 1
          if depth == 1 {
            isDone = false
            expectsKey = byte == 0x7b
          }
        case 0x7d, 0x5d:
          if depth == 1, !isDone { passedOver += 1 }
          depth = max(0, depth - 1)
        case 0x2c: expectsKey = depth == 1
        case 0x3a, 0x20, 0x09, 0x0a, 0x0d: break
        default: isAtList = false
        }
      }
      at += 1
    }
    outside = (at, keyStart ?? at)
  }

  /// Makes a record of what stands under `inner`, if there is such a member.
  private func narrow(_ record: inout InputBlock.Record, _ bytes: UnsafeBufferPointer<UInt8>) {
    guard let inner, record.issue < 0 else { return }
    let element = UnsafeBufferPointer(rebasing: bytes[record.start..<(record.start + record.count)])
    var skim = JSONSkim(bytes: element, position: 0)
    var start: Int?
    _ = skim.members { name, value in
      guard element[name].elementsEqual(inner.utf8) else { return true }
      start = value
      return false
    }
    guard let start, element[start] == 0x7b else { return }
    skim.position = start
    guard skim.skipValue() else { return }
    record.start += start
    record.count = skim.position - start
  }
}
