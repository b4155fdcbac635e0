/// What can be measured of a choice of rows by their vectors. Distances are 1 - cosine.
package struct SetFigures: Hashable, Sendable {
  /// Of measured rows of the pool to the nearest row that is chosen: mean, 99th percentile, greatest.
  package var meanDistance: Double
  package var distance99: Double
  package var greatestDistance: Double
  /// Share of the chosen rows that are among the 1 % of the pool farthest from their clusters' centroids.
  package var isolated: Double
  /// Share of measured chosen rows that have another one at a cosine above 0.95.
  package var nearDuplicates: Double

  package static let duplicateCosine: Float = 0.95
}

/// Mean and extremes of a figure over several draws.
package struct FigureSpread: Hashable, Sendable {
  package var mean: Double
  package var least: Double
  package var greatest: Double
  /// Square root of the mean squared difference from the mean.
  package var deviation: Double

  /// - Parameter values: not empty.
  package init(_ values: [Double]) {
    let count = Double(max(values.count, 1))
    let mean = values.reduce(0, +) / count
    self.mean = mean
    least = values.min() ?? 0
    greatest = values.max() ?? 0
    deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
  }
}

extension [SetFigures] {
  /// The spread of one figure; nil when there are none.
  package func spread(_ figure: (SetFigures) -> Double) -> FigureSpread? { isEmpty ? nil : FigureSpread(map(figure)) }
}
