/// The header of a `.npy` file (NumPy's NEP 1, versions 1 to 3): a Python dictionary with `descr`, `fortran_order` and
/// `shape`.
struct NPYHeader {
  enum Element: String {
    case half = "<f2"
    case single = "<f4"
    case double = "<f8"

    var size: Int {
      switch self {
      case .half: 2
      case .single: 4
      case .double: 8
      }
    }
  }

  struct Malformed: Error {
    var message: String
    var hint: String?
  }

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  var element: Element
  var rows: Int
  var columns: Int

  /// Bytes that the values take. Cannot overflow: the shape was looked at.
  var dataSize: Int { rows * columns * element.size }

  /// Where the dictionary starts and how long it is, from the first 12 bytes of the file.
  static func range(prefix: [UInt8]) throws(Malformed) -> Range<Int> {
    guard prefix.count >= 10, prefix.starts(with: magic) else { throw Malformed(message: "it is no .npy file") }
    let low = Int(prefix[8]) | Int(prefix[9]) << 8
    switch prefix[6] {
    case 1: return 10..<(10 + low)
    case 2, 3:
      guard prefix.count >= 12 else { throw Malformed(message: "it ends inside its header") }
      return 12..<(12 + (low | Int(prefix[10]) << 16 | Int(prefix[11]) << 24))
    case let version: throw Malformed(message: "version \(version) of the .npy format is not known")
    }
  }

  /// Reads the dictionary. Only the form that NumPy writes is accepted: three keys, in any order.
  /// - Parameter isOneVector: whether a single row may also be written as one dimension.
  init(dictionary: some Collection<UInt8>, isOneVector: Bool = false) throws(Malformed) {
    guard let text = String(validating: dictionary, as: UTF8.self) else {
      throw Malformed(message: "its header is no text")
    }
    guard let description = Self.value(of: "descr", in: text), description.count > 2 else {
      throw Malformed(message: "its header does not name the type of the elements")
    }
    let type = String(description.dropFirst().dropLast())
    guard let element = Element(rawValue: type) else {
      throw Malformed(
        message: "its elements are of type \(type); read are <f2, <f4 and <f8",
        hint: "Convert it: numpy.save(path, array.astype('<f4'))")
    }
    switch Self.value(of: "fortran_order", in: text) {
    case "False": break
    case "True":
      throw Malformed(
        message: "it is stored by columns", hint: "Convert it: numpy.save(path, numpy.ascontiguousarray(array))")
    default: throw Malformed(message: "its header does not name the order of the elements")
    }
    guard let shape = Self.value(of: "shape", in: text), shape.hasPrefix("("), shape.hasSuffix(")") else {
      throw Malformed(message: "its header does not name the shape")
    }
    var sizes = shape.dropFirst().dropLast().split(separator: ",").map { part in
      Int(part.filter { $0 != " " })
    }
    if isOneVector, sizes.count == 1 { sizes.insert(1, at: 0) }
    guard sizes.count == 2, let rows = sizes[0], let columns = sizes[1] else {
      throw Malformed(message: "its shape is \(shape); one row of values for each sample is needed, (rows, dimension)")
    }
    // The factor 2 leaves room for the header that comes before the values.
    guard rows >= 0, columns > 0, columns <= 1 << 20, rows <= Int.max / (2 * columns * element.size) else {
      throw Malformed(message: "its shape \(shape) makes no sense")
    }
    (self.element, self.rows, self.columns) = (element, rows, columns)
  }

  /// The text of a value, up to the comma that ends it; parentheses and quotation marks hold commas.
  private static func value(of key: String, in text: String) -> String? {
    for quote in ["'", "\""] {
      let name = Array((quote + key + quote).utf8)
      let bytes = Array(text.utf8)
      guard bytes.count > name.count else { continue }
      for start in 0...(bytes.count - name.count) where bytes[start..<(start + name.count)].elementsEqual(name) {
        var rest = bytes[(start + name.count)...].drop { $0 == 0x20 }
        guard rest.first == UInt8(ascii: ":") else { return nil }
        rest = rest.dropFirst().drop { $0 == 0x20 }
        var depth = 0
        let end = rest.firstIndex { byte in
          if byte == UInt8(ascii: "(") { depth += 1 }
          if byte == UInt8(ascii: ")") { depth -= 1 }
          return depth <= 0 && (byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}"))
        }
        var value = rest[..<(end ?? rest.endIndex)]
        while value.last == 0x20 { value.removeLast() }
        return String(decoding: value, as: UTF8.self)
      }
    }
    return nil
  }
}
