package import CohortVectors

/// How many points push at every place: charges on a grid, convolved with the kernel by Fourier transforms (Linderman and
/// others, "Fast interpolation-based t-SNE", 2019). Its cost grows with the area of the map, hardly with the number of points.
///
/// Points are added one after the other, in the order in which they are given; everything else is computed value by value. So
/// the bits depend on neither workers nor processor. Used by one thread, which lends its workers.
package final class RepulsionField {
  private let workers: Workers
  package private(set) var grid: FieldGrid?
  private var batch: FourierBatch?
  private var kernel: FieldKernel?
  private var rooms: [FourierBatch.Room] = []
  private var spares: [FourierBatch.Room] = []
  /// Values of a row of the grid's arrays: nodes rounded up to whole batches.
  private var stride = 0
  private var charges: UnsafeMutableBufferPointer<Float> = .allocate(capacity: 0)
  private var base: UnsafeMutableBufferPointer<Float> = .allocate(capacity: 0)
  /// The force at each node, and spectra that are transformed along one side only.
  private var across: UnsafeMutableBufferPointer<Float> = .allocate(capacity: 0)
  private var along: UnsafeMutableBufferPointer<Float> = .allocate(capacity: 0)
  private var halfReal: UnsafeMutableBufferPointer<Float> = .allocate(capacity: 0)
  private var halfImaginary: UnsafeMutableBufferPointer<Float> = .allocate(capacity: 0)
  private var fullReal: UnsafeMutableBufferPointer<Float> = .allocate(capacity: 0)
  private var fullImaginary: UnsafeMutableBufferPointer<Float> = .allocate(capacity: 0)

  package init(_ workers: Workers) { self.workers = workers }

  deinit {
    for buffer in [charges, base, across, along, halfReal, halfImaginary, fullReal, fullImaginary] {
      buffer.deallocate()
    }
  }

  // MARK: Charges

  /// Makes room for points within some bounds and forgets all charges, unless the grid is that of these bounds already.
  /// - Returns: whether it forgot.
  package func fit(_ bounds: PlaceBounds) throws -> Bool {
    let next = FieldGrid(bounds)
    guard next != grid else { return false }
    grid = next
    let length = FourierBatch.length(atLeast: 2 * next.nodes)
    let width = FourierBatch.width
    let wide = (next.nodes + width - 1) / width * width
    if batch?.count != length {
      batch = FourierBatch(count: length)
      rooms = (0..<workers.count).map { _ in FourierBatch.Room(count: length) }
      spares = (0..<workers.count).map { _ in FourierBatch.Room(count: length) }
    }
    if let batch, kernel?.length != length || kernel?.spacing != next.spacing {
      kernel = nil
      kernel = try FieldKernel(batch, spacing: next.spacing, rooms, workers)
    }
    stride = wide
    let half = FieldKernel.blocks(length) * width
    Self.resize(&charges, wide * wide)
    Self.resize(&base, wide * wide)
    Self.resize(&across, wide * wide)
    Self.resize(&along, wide * wide)
    Self.resize(&halfReal, half * wide)
    Self.resize(&halfImaginary, half * wide)
    Self.resize(&fullReal, length * wide)
    Self.resize(&fullImaginary, length * wide)
    base.update(repeating: 0)
    return true
  }

  private static func resize(_ buffer: inout UnsafeMutableBufferPointer<Float>, _ count: Int) {
    guard buffer.count != count else { return }
    buffer.deallocate()
    buffer = .allocate(capacity: count)
    buffer.initialize(repeating: 0)
  }

  /// Adds points that stay for all later steps, in their order. They must lie within the bounds.
  package func addFixed(_ places: UnsafeBufferPointer<SIMD2<Float>>) { add(places, to: base) }

  /// Forgets points that were not fixed.
  package func removeMoving() {
    guard let from = base.baseAddress, let to = charges.baseAddress else { return }
    to.update(from: from, count: base.count)
  }

  /// Adds points for this step, in their order. They must lie within the bounds.
  package func addMoving(_ places: UnsafeBufferPointer<SIMD2<Float>>) { add(places, to: charges) }

  private func add(_ places: UnsafeBufferPointer<SIMD2<Float>>, to charges: UnsafeMutableBufferPointer<Float>) {
    guard let grid, let charges = charges.baseAddress else { return }
    for place in places {
      let (column, row, x, y) = grid.weights(place)
      var node = charges + (row &* stride &+ column)
      for j in 0..<4 {
        let share = x * y[j]
        for i in 0..<4 { node[i] += share[i] }
        node += stride
      }
    }
  }

  // MARK: Forces

  /// Computes the forces at all nodes from the charges.
  /// - Returns: the sum of the potential of every charge at every charge, each with itself included.
  /// - Complexity: O(n log n) in the nodes of the grid.
  package func compute() throws -> Double {
    guard let grid, let batch, let kernel else { return 0 }
    try transformRows(grid, batch)
    let sum = try transformColumns(grid, batch, kernel)
    try invertRows(grid, batch)
    return sum
  }

  /// Charges, along x: real rows become spectra of which one half is kept, turned by 90°.
  private func transformRows(_ grid: FieldGrid, _ batch: FourierBatch) throws {
    let (width, wide, nodes, length) = (FourierBatch.width, stride, grid.nodes, batch.count)
    nonisolated(unsafe) let (rooms, charges, halfReal, halfImaginary) = (rooms, charges, halfReal, halfImaginary)
    try workers.run(parts: wide / width, isWorthwhile: true) { worker, part in
      let room = rooms[worker]
      let (real, imaginary) = (room.realValues, room.imaginaryValues)
      for i in 0..<width {
        let row = charges.baseAddress.map { $0 + (part &* width &+ i) &* wide }
        guard let row else { return }
        for x in 0..<nodes { real[x &* width &+ i] = row[x] }
      }
      (real + nodes * width).update(repeating: 0, count: (length - nodes) * width)
      imaginary.update(repeating: 0, count: length * width)
      batch.transform(room)
      guard let toReal = halfReal.baseAddress, let toImaginary = halfImaginary.baseAddress else { return }
      for k in 0...(length / 2) {
        (toReal + k * wide + part * width).update(from: room.realValues + k * width, count: width)
        (toImaginary + k * wide + part * width).update(from: room.imaginaryValues + k * width, count: width)
      }
    }
  }

  /// Along y: spectra of the charges become spectra of the forces, which are turned back along y.
  private func transformColumns(_ grid: FieldGrid, _ batch: FourierBatch, _ kernel: FieldKernel) throws -> Double {
    let (width, wide, nodes, length) = (FourierBatch.width, stride, grid.nodes, batch.count)
    let blocks = FieldKernel.blocks(length)
    nonisolated(unsafe) let (rooms, spares, kernel) = (rooms, spares, kernel)
    nonisolated(unsafe) let (halfReal, halfImaginary) = (halfReal, halfImaginary)
    nonisolated(unsafe) let (fullReal, fullImaginary) = (fullReal, fullImaginary)
    let sums = try workers.map(blocks, isWorthwhile: true) { worker, block -> Double in
      let (room, spare) = (rooms[worker], spares[worker])
      guard let fromReal = halfReal.baseAddress, let fromImaginary = halfImaginary.baseAddress,
        let toReal = fullReal.baseAddress, let toImaginary = fullImaginary.baseAddress
      else { return 0 }
      let first = block * width
      do {
        let (real, imaginary) = (room.realValues, room.imaginaryValues)
        for i in 0..<width {
          let (rowReal, rowImaginary) = (fromReal + (first + i) * wide, fromImaginary + (first + i) * wide)
          for y in 0..<nodes {
            real[y &* width &+ i] = rowReal[y]
            imaginary[y &* width &+ i] = rowImaginary[y]
          }
        }
        (real + nodes * width).update(repeating: 0, count: (length - nodes) * width)
        (imaginary + nodes * width).update(repeating: 0, count: (length - nodes) * width)
      }
      batch.transform(room)
      let sum = Self.multiply(room, into: spare, kernel, block, isMirrored: false)
      batch.transform(spare, isInverse: true)
      for i in 0..<width where first + i <= length / 2 {
        Self.store(spare, i, nodes, toReal + (first + i) * wide, toImaginary + (first + i) * wide)
      }
      _ = Self.multiply(room, into: spare, kernel, block, isMirrored: true)
      batch.transform(spare, isInverse: true)
      for i in 0..<width where first + i > 0 && first + i < length / 2 {
        let column = length - first - i
        Self.store(spare, i, nodes, toReal + column * wide, toImaginary + column * wide)
      }
      return sum
    }
    // Parseval's theorem; the transforms are not divided by their lengths.
    return sums.reduce(0, +) / (Double(length) * Double(length))
  }

  private static func store(
    _ room: FourierBatch.Room, _ i: Int, _ nodes: Int, _ real: UnsafeMutablePointer<Float>,
    _ imaginary: UnsafeMutablePointer<Float>
  ) {
    let (fromReal, fromImaginary) = (room.realValues, room.imaginaryValues)
    for y in 0..<nodes {
      real[y] = fromReal[y &* FourierBatch.width &+ i]
      imaginary[y] = fromImaginary[y &* FourierBatch.width &+ i]
    }
  }

  /// The spectrum of both forces at once, `x + i y`: charges times `i a - b`. The mirrored columns are the other half, whose
  /// charges are conjugates.
  /// - Returns: of the columns that are not mirrored, charges² times the potential, the other half included.
  private static func multiply(
    _ charges: FourierBatch.Room, into room: FourierBatch.Room, _ kernel: FieldKernel, _ block: Int, isMirrored: Bool
  ) -> Double {
    typealias Wide = SIMD16<Float>
    let (length, width) = (kernel.length, FourierBatch.width)
    func lanes(_ values: UnsafeMutablePointer<Float>, _ y: Int) -> UnsafeMutableRawPointer {
      UnsafeMutableRawPointer(values + y &* width)
    }
    let start = block * length * width
    var sum = SIMD16<Double>.zero
    for y in 0..<length {
      let from = isMirrored ? (y == 0 ? 0 : length &- y) : y
      let real = lanes(charges.realValues, from).load(as: Wide.self)
      let imaginary = lanes(charges.imaginaryValues, from).load(as: Wide.self)
      let a = lanes(kernel.across + start, y).load(as: Wide.self)
      let b = lanes(kernel.along + start, y).load(as: Wide.self)
      if isMirrored {
        lanes(room.realValues, y).storeBytes(of: a * -imaginary - b * real, as: Wide.self)
        lanes(room.imaginaryValues, y).storeBytes(of: b * imaginary - a * real, as: Wide.self)
      } else {
        lanes(room.realValues, y).storeBytes(of: -(a * imaginary) - b * real, as: Wide.self)
        lanes(room.imaginaryValues, y).storeBytes(of: a * real - b * imaginary, as: Wide.self)
        let level = lanes(kernel.potential + start, y).load(as: Wide.self)
        sum += SIMD16<Double>((real * real + imaginary * imaginary) * level)
      }
    }
    var total = 0.0
    if !isMirrored {
      for i in 0..<width where block * width + i <= length / 2 {
        let isAlone = block * width + i == 0 || block * width + i == length / 2
        total += isAlone ? sum[i] : 2 * sum[i]
      }
    }
    return total
  }

  /// Along x, back: the forces at the nodes.
  private func invertRows(_ grid: FieldGrid, _ batch: FourierBatch) throws {
    let (width, wide, nodes, length) = (FourierBatch.width, stride, grid.nodes, batch.count)
    let scale = 1 / (Float(length) * Float(length))
    nonisolated(unsafe) let (rooms, fullReal, fullImaginary) = (rooms, fullReal, fullImaginary)
    nonisolated(unsafe) let (across, along) = (across, along)
    try workers.run(parts: wide / width, isWorthwhile: true) { worker, part in
      let room = rooms[worker]
      guard let fromReal = fullReal.baseAddress, let fromImaginary = fullImaginary.baseAddress,
        let toAcross = across.baseAddress, let toAlong = along.baseAddress
      else { return }
      let (real, imaginary) = (room.realValues, room.imaginaryValues)
      for k in 0..<length {
        (real + k * width).update(from: fromReal + k * wide + part * width, count: width)
        (imaginary + k * width).update(from: fromImaginary + k * wide + part * width, count: width)
      }
      batch.transform(room, isInverse: true)
      let (foundReal, foundImaginary) = (room.realValues, room.imaginaryValues)
      for i in 0..<width {
        let (rowAcross, rowAlong) = (toAcross + (part * width + i) * wide, toAlong + (part * width + i) * wide)
        for x in 0..<nodes {
          rowAcross[x] = foundReal[x &* width &+ i] * scale
          rowAlong[x] = foundImaginary[x &* width &+ i] * scale
        }
      }
    }
  }

  /// A view for reading forces, valid until the field is changed.
  package var reading: FieldReading? {
    guard let grid, let across = across.baseAddress, let along = along.baseAddress else { return nil }
    return FieldReading(grid: grid, across: across, along: along, stride: stride)
  }
}

/// The forces of a field, as they were when it was computed.
package struct FieldReading {
  package let grid: FieldGrid
  fileprivate let across: UnsafeMutablePointer<Float>
  fileprivate let along: UnsafeMutablePointer<Float>
  fileprivate let stride: Int

  /// The force at a place within the grid's bounds: the sum over all points of `d / (1 + |d|²)²`.
  @inline(__always)
  package func force(at place: SIMD2<Float>) -> SIMD2<Float> {
    let (column, row, x, y) = grid.weights(place)
    var (sumX, sumY) = (SIMD4<Float>.zero, SIMD4<Float>.zero)
    var node = row &* stride &+ column
    for j in 0..<4 {
      sumX += y[j] * UnsafeRawPointer(across + node).loadUnaligned(as: SIMD4<Float>.self)
      sumY += y[j] * UnsafeRawPointer(along + node).loadUnaligned(as: SIMD4<Float>.self)
      node &+= stride
    }
    let (px, py) = (sumX * x, sumY * x)
    return SIMD2((px[0] + px[1]) + (px[2] + px[3]), (py[0] + py[1]) + (py[2] + py[3]))
  }
}
