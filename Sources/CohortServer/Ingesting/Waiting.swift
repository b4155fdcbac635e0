/// Things that wait, taken out in the order in which they came. What was taken is not held any longer, as a slice of an
/// array would.
struct Waiting<Element> {
  private var places: [Element?]
  private var head = 0

  init(_ elements: [Element] = []) { places = elements }

  var count: Int { places.count - head }
  var isEmpty: Bool { count == 0 }
  var first: Element? { isEmpty ? nil : places[head] }
  var all: [Element] { places[head...].compactMap { $0 } }

  mutating func append(_ element: Element) { places.append(element) }

  /// - Complexity: O(1) on average.
  mutating func popFirst() -> Element? {
    guard !isEmpty else { return nil }
    defer {
      head += 1
      if head >= 16, 2 * head >= places.count {
        places.removeFirst(head)
        head = 0
      }
    }
    let element = places[head]
    places[head] = nil
    return element
  }

  /// Takes the last one back.
  mutating func removeLast() { if !isEmpty { places.removeLast() } }
}
