/// Tells from the beginning of a table what stands between its columns, and whether a text is a table at all.
struct TableSniffing {
  /// In the order of preference.
  private static let separators: [UInt8] = [0x2c, 0x09, 0x3b, 0x7c]
  /// Rows that are looked at to choose a separator.
  private static let rowLimit = 20

  private(set) var form = TableForm()
  /// Bytes before the header, and the number of its line.
  private(set) var start = 0
  private(set) var line: UInt64 = 1
  /// The names in the first row, as they are written, and how many rows were looked at.
  private(set) var header: [String] = []
  private(set) var rows = 0
  /// All rows that were looked at have as many columns as the header.
  private(set) var isEven = true
  /// What was seen, if it is not what one expects of the name.
  private(set) var note: String?

  /// - Parameters:
  ///   - usual: what the file's name or the caller says to be the separator; nil where nothing says so.
  ///   - isFixed: `usual` is not to be doubted.
  init(
    _ head: UnsafeBufferPointer<UInt8>, isWhole: Bool, usual: UInt8?, isFixed: Bool = false,
    quoting: IngestionOptions.Quoting
  ) {
    form.isQuoted = quoting != .never
    form.lineEnd = Self.lineEnd(of: head, isQuoted: form.isQuoted)
    var body = head
    if let separator = Self.named(head, form.lineEnd, &start) {
      line = 2
      form.separator = separator
      body = UnsafeBufferPointer(rebasing: head[start...])
    } else if isFixed, let usual {
      form.separator = usual
    } else {
      form.separator = Self.choose(body, isWhole, form, usual: usual)
    }
    if form.separator == 0x09, quoting == .auto { form.isQuoted = Self.isQuoted(body, isWhole, form) }
    let (first, _) = form.rows(of: body, isWhole: isWhole, limit: Self.rowLimit)
    rows = first.count
    if let names = first.first {
      header = Self.fields(of: names, form)
      isEven = first.dropFirst().allSatisfy { form.row($0).columns == header.count }
    }
    let isUsual = usual.map { $0 == form.separator } ?? [0x2c, 0x09].contains(form.separator)
    if !isUsual, !header.isEmpty { note = "the columns are separated by \(TableForm.name(of: form.separator))" }
  }

  /// Every name is a word, as keys are: letters of any script, digits, and the usual signs.
  var hasNames: Bool {
    !header.isEmpty
      && header.allSatisfy { name in
        let isWord = name.unicodeScalars.allSatisfy {
          $0.properties.isAlphabetic || (0x30...0x39).contains($0.value) || "_.-/:()#".unicodeScalars.contains($0)
        }
        return isWord && name.unicodeScalars.contains { $0.properties.isAlphabetic }
      }
  }

  /// Not a text that happens to have a comma: the names are words, and all rows are of the same width.
  var isClearlyTable: Bool { header.count > 1 && rows > 1 && isEven && hasNames && Set(header).count == header.count }

  /// What a text without a name is taken for: at least two columns, or one with a name and rows.
  var isTable: Bool {
    header.count > 1 ? rows > 1 || hasNames : rows > 1 && hasNames
  }

  /// The end of the first row decides: a carriage return that no line feed follows is one.
  private static func lineEnd(of head: UnsafeBufferPointer<UInt8>, isQuoted: Bool) -> UInt8 {
    var isInside = false
    for (index, byte) in head.enumerated() {
      if byte == 0x22, isQuoted { isInside.toggle() }
      if isInside { continue }
      if byte == 0x0a { return byte }
      if byte == 0x0d { return index + 1 < head.count && head[index + 1] != 0x0a ? byte : 0x0a }
    }
    return 0x0a
  }

  /// Excel's first line: `sep=;`.
  private static func named(
    _ head: UnsafeBufferPointer<UInt8>, _ lineEnd: UInt8, _ start: inout Int
  ) -> UInt8? {
    guard let end = head.prefix(16).firstIndex(of: lineEnd) else { return nil }
    var text = head[..<end]
    if text.last == 0x0d { text = text.dropLast() }
    if text.count > 1, text.first == 0x22, text.last == 0x22 { text = text.dropFirst().dropLast() }
    guard text.count == 5, text.prefix(4).map({ $0 | 0x20 }).elementsEqual("sep=".utf8.map { $0 | 0x20 }),
      let separator = text.last, separator != 0x22, separator < 0x80
    else { return nil }
    start = end + 1
    return separator
  }

  private static func choose(
    _ head: UnsafeBufferPointer<UInt8>, _ isWhole: Bool, _ form: TableForm, usual: UInt8?
  ) -> UInt8 {
    var best: (separator: UInt8, isEven: Bool)?
    for separator in ([usual].compactMap { $0 } + separators.filter { $0 != usual }) {
      var form = form
      form.separator = separator
      let (rows, _) = form.rows(of: head, isWhole: isWhole, limit: rowLimit)
      guard let header = rows.first.map({ form.row($0) }), header.columns > 1 else { continue }
      let isEven = rows.allSatisfy { form.row($0).columns == header.columns }
      if best == nil || (isEven && best?.isEven == false) { best = (separator, isEven) }
    }
    return best?.separator ?? usual ?? 0x2c
  }

  /// Whether quotation marks mean anything in a text with tabs: each one that opens a field closes it in front of a tab
  /// or of a line end, and no more rows are of the wrong width than without.
  private static func isQuoted(
    _ head: UnsafeBufferPointer<UInt8>, _ isWhole: Bool, _ form: TableForm
  ) -> Bool {
    let limit = 1000
    let (quoted, rest) = form.rows(of: head, isWhole: isWhole, limit: limit)
    var plain = form
    plain.isQuoted = false
    guard let width = quoted.first.map({ form.row($0).columns }), width == plain.width(of: head) else { return true }
    if !isWhole, quoted.count < limit, rest > head.count / 4 { return false }
    var wrong = 0
    for row in quoted.map({ form.row($0) }) {
      if row.isOpen || row.isMalformed { return false }
      if row.columns != width { wrong += 1 }
    }
    if wrong == 0 { return true }
    return wrong
      <= plain.rows(of: head, isWhole: isWhole, limit: limit).rows
      .count(where: { plain.row($0).columns != width })
  }

  private static func fields(of row: Slice<UnsafeBufferPointer<UInt8>>, _ form: TableForm) -> [String] {
    var names: [String] = []
    var rest = row
    for _ in 0..<form.row(row).columns {
      var end = rest.startIndex
      var isInside = false
      while end < rest.endIndex, isInside || rest[end] != form.separator {
        if rest[end] == 0x22, form.isQuoted { isInside.toggle() }
        end += 1
      }
      var name = rest[rest.startIndex..<end]
      if form.isQuoted, name.count > 1, name.first == 0x22, name.last == 0x22 { name = name.dropFirst().dropLast() }
      let text = String(decoding: name, as: UTF8.self)
      names.append(String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()))
      rest = rest[min(end + 1, rest.endIndex)...]
    }
    return names
  }
}

extension TableForm {
  /// The columns of the first row.
  fileprivate func width(of head: UnsafeBufferPointer<UInt8>) -> Int? {
    rows(of: head, isWhole: true, limit: 1).rows.first.map { row($0).columns }
  }
}
