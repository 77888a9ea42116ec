/// An address of the envelope, without the angle brackets: `local@domain`, `postmaster`, or nothing at all.
package struct EmailAddress: Hashable, Sendable, Codable {
  /// The address as the client wrote it. The local part is case-sensitive by RFC 5321 section 2.4 and is kept.
  package let text: String

  /// Takes the text as it is; `EmailAddress.parse` is the one that checks.
  package init(_ text: String) { self.text = text }

  /// The null reverse-path `<>`: mail that must never be answered by a bounce.
  package static let null = EmailAddress("")

  /// Whether this is `<>`.
  package var isNull: Bool { text.isEmpty }

  package init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

extension EmailAddress: CustomStringConvertible {
  package var description: String { text }
}
