/// Numbers of which the one that comes first is known at any time: a binary heap.
struct TurnHeap {
  private(set) var numbers: [Int]

  /// - Complexity: O(n).
  init(_ numbers: [Int], _ comesBefore: (Int, Int) -> Bool) {
    self.numbers = numbers
    for place in stride(from: numbers.count / 2 - 1, through: 0, by: -1) { sink(place, comesBefore) }
  }

  var first: Int? { numbers.first }

  /// Puts the first one where it belongs now that it comes later than before.
  mutating func renewFirst(_ comesBefore: (Int, Int) -> Bool) { sink(0, comesBefore) }

  mutating func removeFirst(_ comesBefore: (Int, Int) -> Bool) {
    numbers.swapAt(0, numbers.count - 1)
    numbers.removeLast()
    sink(0, comesBefore)
  }

  mutating func insert(_ number: Int, _ comesBefore: (Int, Int) -> Bool) {
    numbers.append(number)
    var place = numbers.count - 1
    while place > 0 {
      let above = (place - 1) / 2
      guard comesBefore(numbers[place], numbers[above]) else { return }
      numbers.swapAt(place, above)
      place = above
    }
  }

  private mutating func sink(_ start: Int, _ comesBefore: (Int, Int) -> Bool) {
    var place = start
    while true {
      let (left, right) = (2 * place + 1, 2 * place + 2)
      var least = place
      if left < numbers.count, comesBefore(numbers[left], numbers[least]) { least = left }
      if right < numbers.count, comesBefore(numbers[right], numbers[least]) { least = right }
      guard least != place else { return }
      numbers.swapAt(place, least)
      place = least
    }
  }
}
