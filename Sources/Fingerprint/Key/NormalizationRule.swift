/// What may be taken out of a message so that the same error reads the same every time. Each rule has a name, which
/// `explain` shows beside the text it replaced.
package enum NormalizationRule: String, Sendable, CaseIterable, Codable {
  case url, uuid, timestamp, number, path
  case emailAddress = "e-mail-address"
  case memoryAddress = "memory-address"
  case ipAddress = "ip-address"
  case quotedString = "quoted-string"
  case randomToken = "random-token"
  case whiteSpace = "white-space"
  /// `[1, 2, 3]`: however many of the same kind.
  case list
  /// `Courier answered busy for parcel …`: what another party answered is data, not the program's words.
  case reportedValue = "reported-value"

  /// What stands in the normalised text instead.
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
