public import CohortCore

/// What a map is drawn as: the ending of a file's name says it.
public enum DrawingForm: String, Sendable, CaseIterable {
  case html, png, svg

  /// - Throws: `drawing.form` for a name with another ending, or none. Capitals are as good as small letters.
  public init(path: String) throws(CohortError) {
    let name = path.split(separator: "/").last ?? ""
    let ending = name.split(separator: ".", omittingEmptySubsequences: false).dropFirst().last
    guard let form = ending.flatMap({ DrawingForm(rawValue: $0.lowercased()) }) else {
      throw CohortError(
        .drawingForm, "The name of the file does not tell what to draw", place: path,
        cause: ending.map { "a map is not drawn as .\($0)" } ?? "it has no ending")
    }
    self = form
  }
}

extension MapDrawing {
  /// `page()`, `png(_:)` or `svg(_:)`.
  /// - Parameter options: of pictures; a page has none.
  /// - Throws: `drawing.size`, `drawing.compression`.
  public func drawn(
    as form: DrawingForm, _ options: PictureOptions = PictureOptions()
  ) throws(CohortError) -> [UInt8] {
    switch form {
    case .html: page()
    case .png: try png(options)
    case .svg: try svg(options)
    }
  }
}
