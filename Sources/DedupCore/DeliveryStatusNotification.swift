package import MailMessage

/// The mail that tells a sender that its mail did not arrive, or is late (RFC 3464, RFC 6522): an explanation for
/// people, the fields for programs, and the header of the mail it is about.
///
/// It leaves with the null sender (RFC 5321 section 4.5.5), so that it is never answered by another one. The body of
/// the original is not returned: an error report may hold secrets, and who gets the bounce may not be who may read it.
package struct DeliveryStatusNotification: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable, Codable {
    /// Given up.
    case failed
    /// Late, still being tried.
    case delayed
  }

  package var kind: Kind
  package var entry: QueueEntry
  /// The recipients it is about, with the reason for each.
  package var failures: [Settlement.Failure]
  /// The header of the original, or the whole original: what stands behind its header is not looked at.
  package var originalHeader: [UInt8]
  /// The name of this host, as in `Received:`.
  package var hostname: String
  /// When the last attempt was made.
  package var at: Timestamp
  /// When a delayed mail will be given up; named in the notice if known.
  package var retryUntil: Timestamp?

  package init(
    kind: Kind, entry: QueueEntry, failures: [Settlement.Failure], originalHeader: [UInt8], hostname: String,
    at: Timestamp, retryUntil: Timestamp? = nil
  ) {
    self.kind = kind
    self.entry = entry
    self.failures = failures
    self.originalHeader = originalHeader
    self.hostname = hostname
    self.at = at
    self.retryUntil = retryUntil
  }

  /// Whether anybody may be told about `entry`: never for mail from `<>` and never for a bounce of our own, or two
  /// hosts could answer each other for ever (RFC 5321 section 6.1).
  package static func isDue(for entry: QueueEntry) -> Bool { !entry.sender.isNull && entry.kind != .bounce }

  /// The envelope it leaves with: from `<>` to the sender of the original.
  package var envelope: Envelope {
    let isInternational = !entry.sender.text.utf8.allSatisfy { $0 < 0x80 }
    return Envelope(sender: .null, recipients: [entry.sender], usesSMTPUTF8: isInternational)
  }

  /// - Parameters:
  ///   - id: the queue id under which it leaves; part of its Message-ID.
  ///   - utcOffsetMinutes: of the clock that the text shows.
  package func message(id: QueueID, utcOffsetMinutes: Int = 0) -> [UInt8] {
    MessageBuilder(
      fromName: "Mail Delivery System", from: EmailAddress("MAILER-DAEMON@\(hostname)"), to: [entry.sender],
      subject: subject, date: at.civil(offsetMinutes: utcOffsetMinutes), messageID: "\(id)@\(hostname)",
      // RFC 3834 section 5.1.
      autoSubmitted: "auto-replied", fields: references,
      content: .multipart(
        subtype: "report", parameters: ["report-type=delivery-status"],
        parts: [
          .text(explanation(utcOffsetMinutes), type: "text/plain"),
          .bytes(DeliveryStatusFields.render(self), type: "message/delivery-status"),
          .bytes(returnedHeader, type: "text/rfc822-headers"),
        ])
    ).build()
  }

  /// Puts the notice into the thread of the mail it is about (RFC 3834 section 3.1.5).
  private var references: [MessageBuilder.Field] {
    guard let id = HeaderEdit.text(of: "message-id", in: originalHeader), id.hasPrefix("<"), id.hasSuffix(">"),
      id.utf8.count <= 250, id.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else { return [] }
    return [.init("In-Reply-To", id), .init("References", id)]
  }

  private var subject: String {
    switch kind {
    case .failed: "Mail was not delivered (\(entry.id))"
    case .delayed: "Mail is late, still trying (\(entry.id))"
    }
  }

  /// Cut at 64 KiB, at the end of a line: nobody needs more to recognise a mail.
  private var returnedHeader: [UInt8] {
    let header = HeaderEdit.header(of: originalHeader)
    guard header.count > 65_536 else { return Array(header) }
    let cut = header.prefix(65_536)
    return Array(cut[...(cut.lastIndex(of: 0x0A) ?? cut.startIndex)])
  }
}

extension DeliveryStatusNotification {
  private func explanation(_ utcOffsetMinutes: Int) -> String {
    let queued = entry.queuedAt.civil(offsetMinutes: utcOffsetMinutes)
    let paragraphs =
      [
        "This is MailDedup, the mail relay on \(DisplayText.oneLine(hostname)).", verdict,
        """
        The mail\(about) was accepted on \(queued.dateAndClock) \(queued.zone) and is known here as \(entry.id). Its \
        header is attached.
        """,
      ].map(Self.paragraph) + failures.map(Self.reason) + [Self.paragraph(advice(utcOffsetMinutes))]
    return paragraphs.joined(separator: "\n\n") + "\n"
  }

  /// Names the mail as its sender knows it.
  private var about: String {
    let subject = DisplayText.oneLine(HeaderEdit.text(of: "subject", in: originalHeader) ?? "", limit: 150)
    return subject.isEmpty ? "" : " with the subject \"\(subject)\""
  }

  private var verdict: String {
    switch kind {
    case .failed: "Your mail could not be delivered to the recipients below. It will not be tried again."
    case .delayed:
      """
      Your mail has not been delivered to the recipients below yet. You need not do anything: it is kept and tried \
      again.
      """
    }
  }

  private func advice(_ utcOffsetMinutes: Int) -> String {
    switch kind {
    case .failed:
      """
      If the address is right, show this mail to whoever runs the relay or the mail server that refused it.
      """
    case .delayed:
      if let until = retryUntil?.civil(offsetMinutes: utcOffsetMinutes) {
        "It is tried until \(until.dateAndClock) \(until.zone). You are told if it has to be given up."
      } else {
        "You are told if it has to be given up."
      }
    }
  }

  private static func paragraph(_ text: String) -> String {
    DisplayText.wrap(text, columns: 72).joined(separator: "\n")
  }

  private static func reason(_ failure: Settlement.Failure) -> String {
    let reason = DisplayText.wrap(DisplayText.oneLine(failure.reason, limit: 1000), columns: 68)
    return "  <\(DisplayText.oneLine(failure.recipient.text))>\n" + reason.map { "    " + $0 }.joined(separator: "\n")
  }
}
