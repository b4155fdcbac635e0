/// Why a layout cannot hold a sample: read back from it, the sample would be another one. The raw values are in reports.
enum ExportSkip: String, Error {
  /// A message carries what the layout has no place for: a name, reasoning, a weight.
  case messageExtras = "message-extras"
  /// A message carries a member with a key that the layout needs itself, or one twice.
  case messageKeys = "message-keys"
  /// Nothing is asked.
  case noPrompt = "no-prompt"
  /// The sample has no attribute `rejected`.
  case noRejected = "no-rejected"
  /// Nobody answers.
  case noResponse = "no-response"
  /// The attribute `rejected` does not have the form of the response: both are texts, or both are lists of messages.
  case rejectedForm = "rejected-form"
  /// The response is not the last message: what follows has no place.
  case responseNotLast = "response-not-last"
  /// A role has a name that the layout has for another one.
  case roleNames = "role-names"
  case severalSystemMessages = "several-system-messages"
  /// The system message is empty, or does not come first.
  case systemMessage = "system-message"
  /// Messages of tools, or calls.
  case toolMessages = "tool-messages"
  /// Tools are on offer, and the layout has no place for them.
  case tools
  /// Questions and answers do not take turns.
  case turnOrder = "turn-order"
}
