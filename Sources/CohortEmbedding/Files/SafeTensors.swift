internal import CohortCore

/// The tensors of a safetensors file (huggingface/safetensors, format 0.x): a little-endian 64-bit header length, a JSON
/// header with type, shape and byte range of each tensor, and the bytes.
final class SafeTensors: Sendable {
  enum Element: String {
    case float16 = "F16"
    case brainFloat16 = "BF16"
    case float32 = "F32"
    case float64 = "F64"
    case int8 = "I8"
    case int32 = "I32"
    case int64 = "I64"

    var size: Int {
      switch self {
      case .int8: 1
      case .float16, .brainFloat16: 2
      case .float32, .int32: 4
      case .float64, .int64: 8
      }
    }
  }

  /// A tensor in place: `range` lies within the file and holds exactly the values of `shape`.
  struct Tensor {
    var element: Element
    var shape: [Int]
    var range: Range<Int>
  }

  let file: MappedFile
  private let tensors: [String: Tensor]
  /// Tensors of types that nothing here can use, by name.
  private let others: [String: String]

  init(_ path: String) throws(CohortError) {
    file = try MappedFile(path)
    let bytes = file.bytes
    guard bytes.count >= 8 else { throw .damaged("the file is too short for safetensors", path: path) }
    let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= 100_000_000, length <= UInt64(bytes.count - 8) else {
      throw .damaged("the header's length does not fit the file", path: path, cause: "\(length) bytes")
    }
    let start = 8 + Int(length)
    var tensors: [String: Tensor] = [:]
    var others: [String: String] = [:]
    try JSONDocument.read(UnsafeRawBufferPointer(rebasing: bytes[8..<start]), path: path) {
      header throws(CohortError) in
      guard header.isObject else { throw .damaged("the header is not a JSON object", path: path) }
      try header.forEachMember { key, value throws(CohortError) in
        let name = String(decoding: key, as: UTF8.self)
        guard name != "__metadata__" else { return }
        guard let type = value["dtype"]?.string, let shape = value["shape"], shape.isArray,
          let offsets = value["data_offsets"]?.elements, offsets.count == 2,
          let lower = offsets[0].count, let upper = offsets[1].count, lower <= upper, upper <= bytes.count - start
        else { throw .damaged("the header says where tensor \"\(name)\" is, but it cannot be there", path: path) }
        guard let element = Element(rawValue: type) else {
          others[name] = type
          return
        }
        var sizes: [Int] = []
        var total = element.size
        for size in shape.elements {
          guard let size = size.count, case let (product, overflow) = total.multipliedReportingOverflow(by: size),
            !overflow
          else { throw .damaged("the shape of tensor \"\(name)\" is not valid", path: path) }
          sizes.append(size)
          total = product
        }
        guard total == upper - lower else {
          throw .damaged("tensor \"\(name)\" does not have the bytes that its shape asks for", path: path)
        }
        tensors[name] = Tensor(element: element, shape: sizes, range: (start + lower)..<(start + upper))
      }
    }
    (self.tensors, self.others) = (tensors, others)
  }

  /// - Throws: for a tensor that is there with a type that cannot be used.
  func tensor(_ name: String) throws(CohortError) -> Tensor? {
    if let type = others[name] {
      throw CohortError(
        .embeddingUnsupportedModel, "tensor \"\(name)\" has type \(type)", place: file.path,
        hint: "F16, BF16, F32, F64 and I8 can be read")
    }
    return tensors[name]
  }

  func bytes(of tensor: Tensor) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: file.bytes[tensor.range]) }
}
