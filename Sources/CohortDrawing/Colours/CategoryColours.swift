internal import CohortCore

/// The colours of categories.
///
/// Up to 12 have colours that are far from one another. Where there are more, the 12 largest have them; each of the others
/// has a paler one that follows from its name alone, so that it keeps its colour while others come and go.
struct CategoryColours {
  /// Least distance of two in OKLab: 0.15, and 0.10 as seen with either red-green blindness (a test holds them to it). The
  /// first few are the farthest from one another.
  static let distinct: [Colour] = [
    0x0e4eb1, 0x92da20, 0xd05320, 0xb688fe, 0xf5a9b4, 0x8d1e72, 0x44d4fb, 0x35886f, 0x794819, 0xf456ad, 0x7b55e7,
    0xa8aa66,
  ].map { Colour($0) }

  /// 24 hues, each a little darker and a little lighter, at one low chroma.
  static let pale: [Colour] = [
    0xa66378, 0xd48da2, 0xa96369, 0xd78d92, 0xa9655a, 0xd78f83, 0xa7694c, 0xd49375, 0xa16d40, 0xcf976a, 0x997238,
    0xc69d63,
    0x8f7835, 0xbaa260, 0x827d39, 0xada864, 0x738242, 0x9dad6c, 0x63864f, 0x8cb278, 0x51895e, 0x7bb587, 0x3f8b6d,
    0x6bb797,
    0x2e8c7c, 0x5eb7a7, 0x238b8b, 0x57b6b6, 0x258998, 0x58b4c4, 0x3285a2, 0x61b1cf, 0x4381aa, 0x6eacd7, 0x557caf,
    0x7ea7dc,
    0x6577b0, 0x8ea2de, 0x7572ae, 0x9e9ddb, 0x826ea8, 0xad98d5, 0x8e6a9f, 0xba94cc, 0x986694, 0xc590c0, 0xa06486,
    0xce8eb2,
  ].map { Colour($0) }

  /// For each name.
  let colours: [Colour]
  /// Points of each name.
  let counts: [Int]
  /// Names that have points, the largest first, equal ones in the order of the names.
  let order: [Int]

  /// - Complexity: O(points + names · log names).
  init(of indices: [Int32], names: [String]) {
    var counts = [Int](repeating: 0, count: names.count)
    for index in indices { counts[Int(index)] += 1 }
    let order = names.indices.filter { counts[$0] > 0 }.sorted { (counts[$1], $0) < (counts[$0], $1) }
    var colours = names.map { Self.pale[Int(XXH3.hash64(Array($0.utf8)) % UInt64(Self.pale.count))] }
    for (place, index) in order.prefix(Self.distinct.count).sorted().enumerated() {
      colours[index] = Self.distinct[place]
    }
    (self.colours, self.counts, self.order) = (colours, counts, order)
  }
}
