/// Fourier transforms of 16 sequences at once, side by side: value `k` of all 16 lies together. Stockham's algorithm with
/// radices 4, 3 and 2 (no bit reversal), in Float32. Every sequence goes through the same operations in the same order, so the
/// result has the same bits on every machine.
///
/// Each worker has its own memory (`Room`); the plan is shared.
struct FourierBatch: Sendable {
  /// Sequences at once.
  static let width = 16
  typealias Lane = SIMD4<Float>
  /// Vectors that one value of all sequences takes.
  static let lanes = width / Lane.scalarCount

  private struct Stage: Sendable {
    let radix: Int
    /// Groups of butterflies with one twiddle factor each.
    let groups: Int
    /// Where the stage's factors begin: `radix - 1` a group.
    let factors: Int
  }

  /// Values of each sequence: a product of powers of 2 and 3.
  let count: Int
  private let stages: [Stage]
  private let cosines: [Float]
  private let sines: [Float]

  init(count: Int) {
    self.count = count
    var (left, stages, cosines, sines) = (count, [Stage](), [Float](), [Float]())
    while left > 1 {
      let radix = left % 4 == 0 ? 4 : left % 2 == 0 ? 2 : 3
      precondition(left % radix == 0, "a length with other factors than 2 and 3")
      stages.append(Stage(radix: radix, groups: left / radix, factors: cosines.count))
      for group in 0..<(left / radix) {
        for j in 1..<radix {
          // Of an even circle in any case.
          let root = Rotations.root(2 * j * group, of: 2 * left)
          cosines.append(root.cosine)
          sines.append(root.sine)
        }
      }
      left /= radix
    }
    (self.stages, self.cosines, self.sines) = (stages, cosines, sines)
  }

  /// The least length of at least `least` that is a multiple of 16 and has no factors but 2 and at most two 3s.
  static func length(atLeast least: Int) -> Int {
    var best = Int.max
    for odd in [1, 3, 9] {
      var length = 16 * odd
      while length < least { length *= 2 }
      best = min(best, length)
    }
    return best
  }

  /// The memory of one worker: two buffers of `count` values of 16 sequences, real and imaginary parts apart.
  final class Room {
    fileprivate(set) var real: UnsafeMutablePointer<Lane>
    fileprivate(set) var imaginary: UnsafeMutablePointer<Lane>
    fileprivate var otherReal: UnsafeMutablePointer<Lane>
    fileprivate var otherImaginary: UnsafeMutablePointer<Lane>

    init(count: Int) {
      let lanes = count * FourierBatch.lanes
      func room() -> UnsafeMutablePointer<Lane> {
        let room = UnsafeMutablePointer<Lane>.allocate(capacity: lanes)
        room.initialize(repeating: .zero, count: lanes)
        return room
      }
      (real, imaginary, otherReal, otherImaginary) = (room(), room(), room(), room())
    }

    deinit {
      real.deallocate()
      imaginary.deallocate()
      otherReal.deallocate()
      otherImaginary.deallocate()
    }

    /// The values one by one: value `k` of sequence `i` at `k * 16 + i`. Valid until the next transform.
    var realValues: UnsafeMutablePointer<Float> { Self.values(real) }
    var imaginaryValues: UnsafeMutablePointer<Float> { Self.values(imaginary) }

    private static func values(_ lanes: UnsafeMutablePointer<Lane>) -> UnsafeMutablePointer<Float> {
      UnsafeMutableRawPointer(lanes).assumingMemoryBound(to: Float.self)
    }

    fileprivate func swap() {
      Swift.swap(&real, &otherReal)
      Swift.swap(&imaginary, &otherImaginary)
    }
  }

  /// Transforms all sequences of a room in place; the inverse is not divided by `count`.
  func transform(_ room: Room, isInverse: Bool = false) {
    var stride = Self.lanes
    for stage in stages {
      cosines.withUnsafeBufferPointer { cosines in
        sines.withUnsafeBufferPointer { sines in
          guard let cosines = cosines.baseAddress, let sines = sines.baseAddress else { return }
          // The inverse of (real, imaginary) is the transform of (imaginary, real), read the same way round.
          let values = Butterflies(
            real: isInverse ? room.imaginary : room.real, imaginary: isInverse ? room.real : room.imaginary,
            outReal: isInverse ? room.otherImaginary : room.otherReal,
            outImaginary: isInverse ? room.otherReal : room.otherImaginary,
            cosines: cosines + stage.factors, sines: sines + stage.factors, groups: stage.groups, stride: stride)
          switch stage.radix {
          case 4: values.fours()
          case 3: values.threes()
          default: values.twos()
          }
        }
      }
      room.swap()
      stride *= stage.radix
    }
  }
}

/// One stage of a transform.
private struct Butterflies {
  typealias Lane = FourierBatch.Lane
  let real: UnsafeMutablePointer<Lane>
  let imaginary: UnsafeMutablePointer<Lane>
  let outReal: UnsafeMutablePointer<Lane>
  let outImaginary: UnsafeMutablePointer<Lane>
  let cosines: UnsafePointer<Float>
  let sines: UnsafePointer<Float>
  let groups: Int
  let stride: Int

  @inline(__always)
  private func store(_ r: Lane, _ i: Lane, at place: Int, _ cosine: Lane, _ sine: Lane) {
    outReal[place] = r * cosine - i * sine
    outImaginary[place] = r * sine + i * cosine
  }

  func twos() {
    for group in 0..<groups {
      let (c, s) = (Lane(repeating: cosines[group]), Lane(repeating: sines[group]))
      let (from, to, half) = (stride &* group, stride &* 2 &* group, stride &* groups)
      for q in 0..<stride {
        let (ar, ai) = (real[from &+ q], imaginary[from &+ q])
        let (br, bi) = (real[from &+ q &+ half], imaginary[from &+ q &+ half])
        outReal[to &+ q] = ar + br
        outImaginary[to &+ q] = ai + bi
        store(ar - br, ai - bi, at: to &+ q &+ stride, c, s)
      }
    }
  }

  func threes() {
    // sin(60°).
    let (half, root) = (Lane(repeating: 0.5), Lane(repeating: 0.8660254))
    for group in 0..<groups {
      let (c1, s1) = (Lane(repeating: cosines[2 &* group]), Lane(repeating: sines[2 &* group]))
      let (c2, s2) = (Lane(repeating: cosines[2 &* group &+ 1]), Lane(repeating: sines[2 &* group &+ 1]))
      let (from, to, third) = (stride &* group, stride &* 3 &* group, stride &* groups)
      for q in 0..<stride {
        let (ar, ai) = (real[from &+ q], imaginary[from &+ q])
        let (br, bi) = (real[from &+ q &+ third], imaginary[from &+ q &+ third])
        let (cr, ci) = (real[from &+ q &+ third &* 2], imaginary[from &+ q &+ third &* 2])
        let (sumReal, sumImaginary) = (br + cr, bi + ci)
        let (midReal, midImaginary) = (ar - half * sumReal, ai - half * sumImaginary)
        let (turnReal, turnImaginary) = (root * (bi - ci), root * (cr - br))
        outReal[to &+ q] = ar + sumReal
        outImaginary[to &+ q] = ai + sumImaginary
        store(midReal + turnReal, midImaginary + turnImaginary, at: to &+ q &+ stride, c1, s1)
        store(midReal - turnReal, midImaginary - turnImaginary, at: to &+ q &+ stride &* 2, c2, s2)
      }
    }
  }

  func fours() {
    for group in 0..<groups {
      let (c1, s1) = (Lane(repeating: cosines[3 &* group]), Lane(repeating: sines[3 &* group]))
      let (c2, s2) = (Lane(repeating: cosines[3 &* group &+ 1]), Lane(repeating: sines[3 &* group &+ 1]))
      let (c3, s3) = (Lane(repeating: cosines[3 &* group &+ 2]), Lane(repeating: sines[3 &* group &+ 2]))
      let (from, to, quarter) = (stride &* group, stride &* 4 &* group, stride &* groups)
      for q in 0..<stride {
        let (ar, ai) = (real[from &+ q], imaginary[from &+ q])
        let (br, bi) = (real[from &+ q &+ quarter], imaginary[from &+ q &+ quarter])
        let (cr, ci) = (real[from &+ q &+ quarter &* 2], imaginary[from &+ q &+ quarter &* 2])
        let (dr, di) = (real[from &+ q &+ quarter &* 3], imaginary[from &+ q &+ quarter &* 3])
        let (evenReal, evenImaginary) = (ar + cr, ai + ci)
        let (apartReal, apartImaginary) = (ar - cr, ai - ci)
        let (oddReal, oddImaginary) = (br + dr, bi + di)
        // -i (b - d).
        let (turnReal, turnImaginary) = (bi - di, dr - br)
        outReal[to &+ q] = evenReal + oddReal
        outImaginary[to &+ q] = evenImaginary + oddImaginary
        store(apartReal + turnReal, apartImaginary + turnImaginary, at: to &+ q &+ stride, c1, s1)
        store(evenReal - oddReal, evenImaginary - oddImaginary, at: to &+ q &+ stride &* 2, c2, s2)
        store(apartReal - turnReal, apartImaginary - turnImaginary, at: to &+ q &+ stride &* 3, c3, s3)
      }
    }
  }
}
