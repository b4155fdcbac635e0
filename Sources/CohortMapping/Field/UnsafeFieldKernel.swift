internal import CohortVectors

/// The repulsion of one point, transformed: what the transformed charges are multiplied with. It depends on the grid's width
/// and on how many values a transform has, so it is made once for many steps.
///
/// The force at `d` is `d / (1 + |d|²)²` and the potential `1 / (1 + |d|²)` (the Student kernel of t-SNE). Being odd and even,
/// their transforms are `i a`, `i b` and `k` with real `a`, `b` and `k`.
final class FieldKernel {
  /// Values along each side of a transform.
  let length: Int
  /// Distance of two nodes of the grid.
  let spacing: Float
  /// Columns `0 ... length / 2` in blocks of 16: the value of column `16 block + i` and row `y` is at
  /// `(block * length + y) * 16 + i`. Valid as long as this object.
  let across: UnsafeMutablePointer<Float>
  let along: UnsafeMutablePointer<Float>
  let potential: UnsafeMutablePointer<Float>

  /// Blocks of columns that one half of a symmetric spectrum takes.
  static func blocks(_ length: Int) -> Int { (length / 2) / FourierBatch.width + 1 }

  init(_ batch: FourierBatch, spacing: Float, _ rooms: [FourierBatch.Room], _ workers: Workers) throws {
    let (length, width) = (batch.count, FourierBatch.width)
    let (blocks, half) = (Self.blocks(length), length / 2)
    let values = blocks * length * width
    (self.length, self.spacing) = (length, spacing)
    across = .allocate(capacity: values)
    along = .allocate(capacity: values)
    potential = .allocate(capacity: values)
    // Along x for the rows 0 ... half; the others are their mirror images. `force[column * rows + row]`.
    let rows = (half / width + 1) * width
    nonisolated(unsafe) let force = UnsafeMutablePointer<Float>.allocate(capacity: blocks * width * rows)
    nonisolated(unsafe) let level = UnsafeMutablePointer<Float>.allocate(capacity: blocks * width * rows)
    defer {
      force.deallocate()
      level.deallocate()
    }
    nonisolated(unsafe) let rooms = rooms
    try workers.run(parts: rows / width, isWorthwhile: true) { worker, part in
      let room = rooms[worker]
      let (real, imaginary) = (room.realValues, room.imaginaryValues)
      for x in 0..<length {
        let dx = Float(x <= half ? x : x - length) * spacing
        for i in 0..<width {
          let dy = Float(part * width + i) * spacing
          let level = 1 / (1 + dx * dx + dy * dy)
          real[x * width + i] = x == half ? 0 : dx * level * level
          imaginary[x * width + i] = level
        }
      }
      batch.transform(room)
      let found = room.imaginaryValues
      for column in 0..<(blocks * width) {
        for i in 0..<width {
          let place = column * rows + part * width + i
          guard column <= half else {
            (force[place], level[place]) = (0, 0)
            continue
          }
          let (one, other) = (found[column * width + i], found[(length - column) % length * width + i])
          force[place] = 0.5 * (one - other)
          level[place] = 0.5 * (one + other)
        }
      }
    }
    nonisolated(unsafe) let (across, along, potential) = (across, along, potential)
    try workers.run(parts: blocks, isWorthwhile: true) { worker, block in
      let room = rooms[worker]
      let (real, imaginary) = (room.realValues, room.imaginaryValues)
      for y in 0..<length {
        let row = y <= half ? y : length - y
        for i in 0..<width {
          real[y * width + i] = force[(block * width + i) * rows + row]
          imaginary[y * width + i] = level[(block * width + i) * rows + row]
        }
      }
      batch.transform(room)
      (across + block * length * width).update(from: room.realValues, count: length * width)
      (potential + block * length * width).update(from: room.imaginaryValues, count: length * width)
    }
    try workers.run(parts: blocks, isWorthwhile: true) { _, block in
      for y in 0..<length {
        // The force along y is that along x with both exchanged.
        let (column, sign): (Int, Float) = y <= half ? (y, 1) : (length - y, -1)
        for i in 0..<width {
          let row = block * width + i
          let place = (column / width * length + row) * width + column % width
          along[(block * length + y) * width + i] = row <= half ? sign * across[place] : 0
        }
      }
    }
  }

  deinit {
    across.deallocate()
    along.deallocate()
    potential.deallocate()
  }
}
