import CohortCore
import CohortSystem

/// Why a file lies in `.failed`: the content of the `.error.json` beside it.
struct FailureNote {
  let file: String
  let error: CohortError
  /// Records that were read before the file broke off, and are stored.
  var inserted: UInt64 = 0
  var duplicates: UInt64 = 0
  var quarantined: UInt64 = 0

  var json: String {
    let texts: [(String, String?)] = [
      ("file", file), ("time", Timestamp.now), ("code", error.code.name), ("message", error.message),
      ("place", error.place), ("cause", error.cause), ("hint", error.hint),
    ]
    let counts = [("inserted", inserted), ("duplicates", duplicates), ("quarantined", quarantined)]
    // File names and error texts are hostile.
    let fields =
      texts.map { ($0, $1.map { JSONString.quoted($0, .terminal) } ?? "null") } + counts.map { ($0, "\($1)") }
    return "{" + fields.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}\n"
  }

  /// Writes it under another name, then renames: it is whole or not there.
  func write(to place: String) throws(CohortError) {
    try CohortError.describing({
      .system(.daemonNote, "The reason of a failure cannot be written", place: place, $0)
    }) { () throws(Errno) in try DurableFile.replace(place, with: Array(json.utf8)) }
  }
}
