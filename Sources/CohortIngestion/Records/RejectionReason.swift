/// Why a record cannot be a sample. The raw values are stored with the quarantined record and never change.
public enum RejectionReason: String, CaseIterable, Sendable {
  /// Text that does not follow RFC 8259.
  case invalidJSON = "invalid-json"
  /// Bytes that are no UTF-8; nothing is repaired.
  case invalidUTF8 = "invalid-utf8"
  /// Half of a surrogate pair in a `\u` escape: no Unicode text can hold it.
  case loneSurrogate = "lone-surrogate"
  /// U+0000, raw or escaped.
  case nul
  /// A malformed number. One that does not fit 64 bits is none: it is kept as it was written.
  case invalidNumber = "invalid-number"
  /// More nested arrays and objects than `IngestionLimits.depth`.
  case tooDeep = "too-deep"
  /// Longer than `IngestionLimits.recordBytes`.
  case lineTooLong = "line-too-long"
  /// A JSON value that is no object.
  case notAnObject = "not-an-object"
  /// The same key twice in one object: which value counts would be a guess.
  case duplicateKey = "duplicate-key"
  /// A field that the layout or the map needs is not there.
  case missingField = "missing-field"
  /// A field has a value of another type than the layout or the map needs.
  case wrongType = "wrong-type"
  /// A response without any text.
  case emptyResponse = "empty-response"
  /// A response that holds reasoning, and no answer and no call.
  case reasoningOnly = "reasoning-only"
  /// A conversation in which nobody answers.
  case noAssistantMessage = "no-assistant-message"
  /// A part of a message that is no text: an image, a sound.
  case unsupportedContent = "unsupported-content"
  /// A tool call or a list of tools that is not JSON.
  case invalidCall = "invalid-call"
  /// A CSV row with more or fewer columns than the header.
  case columnCount = "column-count"
  /// Quotation marks that do not follow RFC 4180.
  case invalidCSV = "invalid-csv"
  /// The name of a task that is longer than `IngestionLimits.labelBytes`.
  case labelTooLong = "label-too-long"
  /// Memory for the record could not be had.
  case noMemory = "no-memory"
}
