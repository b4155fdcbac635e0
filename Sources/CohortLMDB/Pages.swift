internal import CSystemCalls

/// Runs calls of LMDB that read or change pages. LMDB believes what it finds in them, so a damaged page can end the process by
/// a signal; where the program has installed `DamageSignals`, it ends with a message then, and this tells that the signal came
/// of pages. Costs nothing that could be measured.
@inline(__always)
func pages<R>(_ calls: () throws -> R) rethrows -> R {
  cohort_pages_begin()
  defer { cohort_pages_end() }
  return try calls()
}

/// What LMDB finds wrong with its own state, in its words.
func tellOfAssertion(_ text: UnsafePointer<CChar>?) {
  if let text { cohort_damage_assertion(text) }
}

/// Names the store for messages of damage whose place is not known better.
func nameForDamage(_ folder: String) { cohort_damage_store(folder) }
