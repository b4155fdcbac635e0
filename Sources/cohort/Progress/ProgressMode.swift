import ArgumentParser

/// When progress is told.
enum ProgressMode: String, CaseIterable, ExpressibleByArgument, Sendable {
  /// Progress on a terminal; notes always.
  case auto
  /// Always; without a terminal as plain lines.
  case on
  /// Neither progress nor notes.
  case off
}
