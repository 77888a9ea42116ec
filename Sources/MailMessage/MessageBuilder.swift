/// A message of our own (RFC 5322): fields in a fixed order, folded, 7 bits, CRLF. Equal values give equal bytes.
package struct MessageBuilder: Hashable, Sendable {
  /// The display name before the address of the sender, e.g. `MailDedup`; empty for none.
  package var fromName: String
  package var from: EmailAddress
  package var to: [EmailAddress]
  package var subject: String
  package var date: CivilTime
  /// The Message-ID, `unique@host`, without the angle brackets.
  package var messageID: String
  /// The value of Auto-Submitted (RFC 3834): `auto-generated`, or `auto-replied` for an answer to a mail. Prevents
  /// vacation replies.
  package var autoSubmitted: String
  /// The Message-IDs of the mails that this one belongs to, the oldest first and the one it answers last; without the
  /// angle brackets.
  package var references: [String]
  /// Further fields of free text, in order.
  package var fields: [Field]
  package var content: OutgoingPart

  package struct Field: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  package init(
    fromName: String = "", from: EmailAddress, to: [EmailAddress], subject: String, date: CivilTime,
    messageID: String, autoSubmitted: String = "auto-generated", references: [String] = [], fields: [Field] = [],
    content: OutgoingPart
  ) {
    self.fromName = fromName
    self.from = from
    self.to = to
    self.subject = subject
    self.date = date
    self.messageID = messageID
    self.autoSubmitted = autoSubmitted
    self.references = references
    self.fields = fields
    self.content = content
  }

  /// Returns a text part that is complete on its own and an HTML part for those who prefer it (RFC 2046 section 5.1.4).
  package static func alternative(text: String, html: String) -> OutgoingPart {
    .multipart(
      subtype: "alternative", parameters: [], parts: [.text(text, type: "text/plain"), .text(html, type: "text/html")])
  }

  package func build() -> [UInt8] {
    var message = fromField
    // RFC 5322 section 3.6 allows no empty To.
    if !to.isEmpty { message += HeaderWriter.addresses("To", to) }
    message += HeaderWriter.text("Subject", subject)
    message += HeaderWriter.text("Date", date.rfc5322)
    message += HeaderWriter.folded("Message-ID", ["<\(token(messageID))>"])
    if let last = references.last {
      message += HeaderWriter.folded("In-Reply-To", ["<\(token(last))>"])
      message += HeaderWriter.folded("References", references.map { "<\(token($0))>" })
    }
    message += HeaderWriter.text("Auto-Submitted", autoSubmitted)
    for field in fields { message += HeaderWriter.text(field.name, field.value) }
    message += HeaderWriter.text("MIME-Version", "1.0")
    return message + content.render(seed: messageID)
  }

  private var fromField: [UInt8] {
    let name = fromName.filter {
      $0.isASCII && $0 != "\"" && $0 != "\\" && ($0.isLetter || $0.isNumber || " .-_".contains($0))
    }
    if name.isEmpty { return HeaderWriter.addresses("From", [from]) }
    return HeaderWriter.folded("From", ["\"\(name)\"", "<\(token(from.text))>"])
  }

  /// Returns `text` without anything that could end the brackets or the line.
  private func token(_ text: String) -> String {
    String(text.unicodeScalars.filter { $0.value > 0x20 && $0.value != 0x7F && $0 != "<" && $0 != ">" })
  }
}
