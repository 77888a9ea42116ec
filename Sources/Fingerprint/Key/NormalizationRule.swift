/// A kind of text that is taken out of a message so that the same error always reads the same. `explain` shows the
/// rule's name beside the text that it replaced.
package enum NormalizationRule: String, Sendable, CaseIterable, Codable {
  case url, uuid, timestamp, number, path
  case emailAddress = "e-mail-address"
  case memoryAddress = "memory-address"
  case ipAddress = "ip-address"
  case quotedString = "quoted-string"
  case randomToken = "random-token"
  case whiteSpace = "white-space"
  /// A further value of the same kind in a list: `[1, 2, 3]` reads the same whatever its length.
  case list
  /// The value in `Courier answered busy for parcel …`: another party's answer is data, not the program's words.
  case reportedValue = "reported-value"

  /// The text that replaces it in the normalised message.
  var placeholder: StaticString {
    switch self {
    case .url: "<url>"
    case .uuid: "<uuid>"
    case .timestamp: "<time>"
    case .number, .randomToken: "#"
    case .path: "<path>"
    case .emailAddress: "<address>"
    case .memoryAddress: "<memory>"
    case .ipAddress: "<ip>"
    case .quotedString: "<string>"
    case .reportedValue: "<value>"
    case .whiteSpace: " "
    case .list: ""
    }
  }
}

/// One replacement, for `explain`.
package struct AppliedRule: Sendable, Codable, Equatable {
  package let rule: NormalizationRule
  package let replaced: String
}
