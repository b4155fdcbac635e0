import CohortCore
import CohortIngestion

extension DaemonConfiguration {
  /// A file that says the same: reading it gives an equal configuration, whatever the current folder is, as long as its
  /// paths are absolute.
  package var toml: String {
    var text = Self.lines(self, Self.keys)
    text += "\n[http]\n" + Self.lines(http, HTTPConfiguration.keys)
    text += "\n[log]\n" + Self.lines(log, LogConfiguration.keys)
    for layout in layouts { text += "\n[layouts.\(Self.quoted(layout.name))]\n" + Self.lines(layout) }
    for store in stores {
      text += "\n[[stores]]\n" + Self.lines(store, StoreConfiguration.keys)
      if store.inboxes.isEmpty { text += "inboxes = []\n" }
      for inbox in store.inboxes { text += "\n[[stores.inboxes]]\n" + Self.lines(inbox, InboxConfiguration.keys) }
    }
    return text
  }

  private static func lines<Table>(_ table: Table, _ keys: [ConfigurationKey<Table>]) -> String {
    keys.compactMap { key in key.value(table).map { "\(key.name) = \($0.toml)\n" } }.joined()
  }

  private static func lines(_ layout: LayoutDescription) -> String {
    var text = layout.parts.sorted { $0.key < $1.key }.map { "\(quoted($0.key)) = \(quoted($0.value))\n" }.joined()
    if let key = layout.roleKey { text += "role-key = \(quoted(key))\n" }
    if let key = layout.contentKey { text += "content-key = \(quoted(key))\n" }
    let roles = layout.roles.sorted { $0.key < $1.key }.map { "\(quoted($0.key)) = \(quoted($0.value))" }
    return roles.isEmpty ? text : text + "roles = { \(roles.joined(separator: ", ")) }\n"
  }

  private static func quoted(_ text: String) -> String { JSONString.quoted(text, .terminal) }
}
