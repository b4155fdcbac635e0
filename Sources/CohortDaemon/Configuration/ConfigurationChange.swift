import CohortIngestion

/// What becomes of a running daemon when its configuration is another one: a pure function of the two.
///
/// ```swift
/// let change = ConfigurationChange(from: running, to: asked)
/// change.effective   // what the daemon goes on with
/// change.taken       // what is other from now on
/// change.waiting     // what only a restart brings
/// ```
package struct ConfigurationChange: Sendable {
  /// One setting that is not what it was. A setting of a store or of an inbox carries its name or its path:
  /// `stores.main.inboxes./srv/drop.layout`.
  package struct Difference: Hashable, Sendable {
    package let key: String
    /// Nil: there was none.
    package let old: String?
    /// Nil: there is none any more.
    package let new: String?
  }

  /// The asked configuration, with the running one's value where only a restart changes it.
  package private(set) var effective: DaemonConfiguration
  package private(set) var taken: [Difference] = []
  package private(set) var waiting: [Difference] = []

  package var isEmpty: Bool { taken.isEmpty && waiting.isEmpty }

  /// Both configurations make sense; what is mixed of them does, too, or nothing is taken over.
  package init(from running: DaemonConfiguration, to asked: DaemonConfiguration) {
    effective = asked
    compare(running, asked, DaemonConfiguration.keys, "", into: \.self)
    compare(running.http, asked.http, HTTPConfiguration.keys, "http.", into: \.http)
    compare(running.log, asked.log, LogConfiguration.keys, "log.", into: \.log)
    compareLayouts(running, asked)
    compareStores(running, asked)
    guard !effective.problems().isEmpty else { return }
    effective = running
    (taken, waiting) = ([], waiting + taken)
  }

  private mutating func compare<Table>(
    _ old: Table, _ new: Table, _ keys: [ConfigurationKey<Table>], _ prefix: String,
    into path: WritableKeyPath<DaemonConfiguration, Table>
  ) {
    for key in keys {
      let (was, will) = (key.value(old), key.value(new))
      guard was != will else { continue }
      note(Difference(key: prefix + key.name, old: was?.toml, new: will?.toml), isLive: key.isLive)
      if !key.isLive { key.copy(from: old, to: &effective[keyPath: path]) }
    }
  }

  private mutating func note(_ difference: Difference, isLive: Bool) {
    if isLive { taken.append(difference) } else { waiting.append(difference) }
  }

  private mutating func compareLayouts(_ running: DaemonConfiguration, _ asked: DaemonConfiguration) {
    let was = Dictionary(running.layouts.map { ($0.name, $0) }) { one, _ in one }
    let will = Dictionary(asked.layouts.map { ($0.name, $0) }) { one, _ in one }
    for name in Set(was.keys).union(will.keys).sorted() where was[name] != will[name] {
      let words = { (isThere: Bool) in isThere ? "a layout" : nil }
      note(
        Difference(key: "layouts.\(name)", old: words(was[name] != nil), new: words(will[name] != nil)), isLive: true)
    }
  }

  /// Stores are told apart by their names. One that lies elsewhere, comes or goes waits with everything in it.
  private mutating func compareStores(_ running: DaemonConfiguration, _ asked: DaemonConfiguration) {
    for store in asked.stores where !running.stores.contains(where: { $0.name == store.name }) {
      note(Difference(key: "stores.\(store.name)", old: nil, new: store.path), isLive: false)
    }
    effective.stores = running.stores.map { old in
      let key = "stores.\(old.name)"
      guard var new = asked.stores.first(where: { $0.name == old.name }) else {
        note(Difference(key: key, old: old.path, new: nil), isLive: false)
        return old
      }
      guard old.path == new.path else {
        note(Difference(key: key + ".path", old: old.path, new: new.path), isLive: false)
        return old
      }
      for setting in StoreConfiguration.keys {
        let (was, will) = (setting.value(old), setting.value(new))
        guard was != will else { continue }
        note(Difference(key: "\(key).\(setting.name)", old: was?.toml, new: will?.toml), isLive: setting.isLive)
        if !setting.isLive { setting.copy(from: old, to: &new) }
      }
      compareInboxes(old, new, key)
      return new
    }
  }

  /// Inboxes are told apart by their paths.
  private mutating func compareInboxes(_ old: StoreConfiguration, _ new: StoreConfiguration, _ prefix: String) {
    for inbox in old.inboxes where !new.inboxes.contains(where: { $0.path == inbox.path }) {
      note(Difference(key: "\(prefix).inboxes.\(inbox.path)", old: inbox.path, new: nil), isLive: true)
    }
    for inbox in new.inboxes {
      let key = "\(prefix).inboxes.\(inbox.path)"
      guard let before = old.inboxes.first(where: { $0.path == inbox.path }) else {
        note(Difference(key: key, old: nil, new: inbox.path), isLive: true)
        continue
      }
      for setting in InboxConfiguration.keys {
        let (was, will) = (setting.value(before), setting.value(inbox))
        guard was != will else { continue }
        note(Difference(key: "\(key).\(setting.name)", old: was?.toml, new: will?.toml), isLive: setting.isLive)
      }
    }
  }
}
