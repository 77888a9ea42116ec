import MailMessage

extension ValueFormat<String> {
  /// The format of the name of a machine (RFC 1123 section 2.1).
  static let hostname = ValueFormat(
    syntax: "a host name", range: nil,
    read: { (text) throws(ValueProblem) in
      if isHostname(text) { return text }
      throw ValueProblem(
        item: text, what: "is not a host name", remedy: "write letters, digits and hyphens between dots",
        example: .ofTheKey)
    },
    write: { $0 })

  /// The format of any text without control characters.
  static let text = ValueFormat(
    syntax: "a text", range: nil,
    read: { (text) throws(ValueProblem) in
      guard text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
        throw ValueProblem(item: text, what: "has control characters", remedy: "write it without them")
      }
      return text
    },
    write: { $0 })

  /// The format of the path of a file or folder.
  /// - Parameter maximumLength: the limit in bytes; 107 for a Unix socket (`sun_path` of unix(7) without the final
  ///   NUL).
  static func path(maximumLength: Int = 4095) -> ValueFormat {
    ValueFormat(
      syntax: "a path", range: nil,
      read: { (text) throws(ValueProblem) in
        // The wording does not matter: an empty value is reported as such by the key.
        if text.isEmpty { throw ValueProblem(item: text, what: "is no path", remedy: "write a path") }
        if text == "~" || text.hasPrefix("~/") {
          throw ValueProblem(
            item: text, what: "starts with ~, which is not expanded here", remedy: "write the whole path")
        }
        if text.hasPrefix("$"), !text.hasPrefix("$CREDENTIALS_DIRECTORY/") {
          throw ValueProblem(
            item: text, what: "starts with a variable, which is not expanded here", remedy: "write the whole path")
        }
        guard text.utf8.count <= maximumLength else {
          throw ValueProblem(
            item: text, what: "is too long", remedy: "write a path of at most \(maximumLength) bytes")
        }
        return text
      },
      write: { $0 })
  }
}

extension ValueFormat<EmailAddress> {
  /// The format of a bare mail address, `local@domain`: no display name, no angle brackets.
  static let emailAddress = ValueFormat(
    syntax: "a mail address", range: nil,
    read: { (text) throws(ValueProblem) in
      do throws(EmailAddress.SyntaxFault) {
        return try EmailAddress.parse(text)
      } catch {
        throw ValueProblem(
          item: text, what: "is not a mail address (\(error.rawValue))",
          remedy: "write only name@domain, without a display name")
      }
    },
    write: { $0.text })
}

/// Returns true if `text` is a host name: letters, digits, hyphens and (seen in real networks) underscores in labels of
/// 1 to 63 octets, 253 in all. The last label holds a letter, so that a mistyped IPv4 address is not a name.
func isHostname(_ text: String) -> Bool {
  guard (1...253).contains(text.utf8.count) else { return false }
  let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
  let isLabel = { (label: Substring.UTF8View) in
    (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
      && label.allSatisfy { $0.isDigit || $0.isLetter || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
  }
  return labels.allSatisfy(isLabel) && labels.last?.contains(where: \.isLetter) == true
}
