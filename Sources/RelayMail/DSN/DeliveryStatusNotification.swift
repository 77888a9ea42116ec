package import DedupCore
package import MailMessage

/// The mail that tells a sender that its mail was not delivered, is late or, if the sender asked for that, was relayed
/// or delivered (RFC 3464, RFC 6522). It consists of an explanation for people, the fields for programs, and the
/// returned part of the original mail.
///
/// It has the null sender (RFC 5321 section 4.5.5), so that it is never answered by another notification. The body of
/// the original is returned only to a sender that asked for it (`RET=FULL`): an error report may hold secrets, and the
/// reader of the bounce may not be allowed to read it.
package struct DeliveryStatusNotification: Hashable, Sendable {
  package var entry: QueueEntry
  /// The recipients that the notification is about, at least one. Reports about several recipients at once share one
  /// mail (RFC 3461 section 6).
  package var reports: [DeliveryStatusReport]
  /// The original mail as it is in the queue, or as much of it as is available, at least its header.
  package var original: [UInt8]
  /// The largest number of octets of the original that are ever needed.
  package static let originalLimit = ReturnedMail.wholeLimit
  /// The name of this host, as in `Received:`.
  package var hostname: String
  /// The time of the last attempt.
  package var at: Timestamp
  /// The time when a delayed mail will be given up, named in the notice if known.
  package var retryUntil: Timestamp?
  /// The mail server that was asked, or nil if it was none.
  package var remote: Smarthost?
  /// The addressee: the sender, or the postmaster for a bounce that the sender did not get.
  let addressee: EmailAddress

  /// Creates a notification.
  ///
  /// - Parameter postmaster: the addressee if the sender is not told, or nil.
  package init(
    entry: QueueEntry, reports: [DeliveryStatusReport], original: [UInt8], hostname: String, at: Timestamp,
    retryUntil: Timestamp? = nil, remote: Smarthost? = nil, postmaster: EmailAddress? = nil
  ) {
    self.remote = remote
    addressee = postmaster ?? entry.sender
    self.entry = entry
    self.reports = reports
    self.original = original
    self.hostname = hostname
    self.at = at
    self.retryUntil = retryUntil
  }

  /// The envelope of the notification, from `<>`.
  package var envelope: Envelope {
    Envelope(
      sender: .null, recipients: [addressee], body: returned.isEightBit ? .eightBitMIME : .unspecified,
      usesSMTPUTF8: !addressee.isASCII)
  }

  private var isForPostmaster: Bool { addressee != entry.sender }

  /// Returns the bytes of the notification.
  ///
  /// - Parameters:
  ///   - id: the queue id of the notification, which is part of its Message-ID.
  ///   - utcOffsetMinutes: the offset of the clock that the text shows, in minutes ahead of UTC.
  package func message(id: QueueID, utcOffsetMinutes: Int = 0) -> [UInt8] {
    let returned = returned
    return MessageBuilder(
      fromName: "Mail Delivery System", from: EmailAddress("MAILER-DAEMON@\(hostname)"), to: [addressee],
      subject: subject, date: at.civil(offsetMinutes: utcOffsetMinutes), messageID: "\(id)@\(hostname)",
      // RFC 3834 section 5.1.
      autoSubmitted: "auto-replied", fields: references,
      content: .multipart(
        subtype: "report", parameters: ["report-type=delivery-status"],
        parts: [
          .text(explanation(returned, utcOffsetMinutes), type: "text/plain"),
          .bytes(DeliveryStatusFields.render(self), type: "message/delivery-status"),
          returned.part,
        ])
    ).build()
  }

  /// The fields that put the notice into the thread of the original mail (RFC 3834 section 3.1.5).
  private var references: [MessageBuilder.Field] {
    guard let id = HeaderEdit.text(of: "message-id", in: original), id.hasPrefix("<"), id.hasSuffix(">"),
      id.utf8.count <= 250, id.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else { return [] }
    return [.init("In-Reply-To", id), .init("References", id)]
  }

  private var returned: ReturnedMail {
    // RFC 3461 section 4.3: RET applies to notifications of a failure. Any other one returns the header. The postmaster
    // has to see whose mail it was, and a bounce holds no more of it than its sender asked for.
    let isWhole =
      isForPostmaster || entry.statusRequest?.returns == .full && reports.contains { $0.action == .failed }
    return isWhole ? ReturnedMail(whole: original, octets: entry.size) : ReturnedMail(headerOf: original)
  }

  private var subject: String {
    if isForPostmaster { return "A bounce was not delivered (\(entry.id))" }
    return switch groups.first?.action {
    case .failed, nil: "Mail was not delivered (\(entry.id))"
    case .delayed: "Mail is late, still trying (\(entry.id))"
    case .relayed: "Mail was passed on (\(entry.id))"
    case .delivered: "Mail was delivered (\(entry.id))"
    }
  }

  typealias Group = (action: DeliveryStatusReport.Action, reports: [DeliveryStatusReport])

  /// The reports grouped by action, the worst first.
  var groups: [Group] {
    DeliveryStatusReport.Action.allCases.map { action in (action, reports.filter { $0.action == action }) }
      .filter { !$0.1.isEmpty }
  }
}

extension DeliveryStatusNotification {
  private func explanation(_ returned: ReturnedMail, _ utcOffsetMinutes: Int) -> String {
    var paragraphs = [Self.paragraph("This is MailDedup, the mail relay on \(DisplayText.oneLine(hostname)).")]
    for (position, group) in groups.enumerated() {
      paragraphs.append(Self.paragraph(isForPostmaster ? Self.verdictForPostmaster : Self.verdict(group.action)))
      if position == 0 { paragraphs.append(Self.paragraph(identity(returned, utcOffsetMinutes))) }
      paragraphs += group.reports.map(Self.line)
      if let advice = advice(group, utcOffsetMinutes) { paragraphs.append(Self.paragraph(advice)) }
    }
    return paragraphs.joined(separator: "\n\n") + "\n"
  }

  private func identity(_ returned: ReturnedMail, _ utcOffsetMinutes: Int) -> String {
    let queued = entry.queuedAt.civil(offsetMinutes: utcOffsetMinutes)
    return """
      The mail\(about) was accepted on \(queued.dateAndClock) \(queued.zone) and is known here as \(entry.id). \
      \(returned.words)
      """
  }

  /// The words that identify the mail by its Subject, as its sender knows it. Empty if it has none.
  private var about: String {
    let subject = DisplayText.oneLine(HeaderEdit.text(of: "subject", in: original) ?? "", limit: 150)
    return subject.isEmpty ? "" : " with the subject \"\(subject)\""
  }

  private static let verdictForPostmaster =
    "A bounce could not be delivered to the recipients below, so the sender of a mail does not know what became of it."

  private static func verdict(_ action: DeliveryStatusReport.Action) -> String {
    switch action {
    case .failed: "Your mail could not be delivered to the recipients below. It will not be tried again."
    case .delayed:
      """
      Your mail has not been delivered to the recipients below yet. You need not do anything: it is kept and tried \
      again.
      """
    case .relayed: "You asked to be told: your mail was passed on to the next mail server for the recipients below."
    case .delivered: "You asked to be told: your mail was delivered to the recipients below."
    }
  }

  private func advice(_ group: Group, _ utcOffsetMinutes: Int) -> String? {
    switch group.action {
    case .failed:
      "If the address is right, show this mail to whoever runs the relay or the mail server that refused it."
        + lastAsked
    case .delayed: outlook(group.reports, utcOffsetMinutes)
    case .relayed: "That server does not report what it delivers: you will hear no more of it unless it comes back."
    case .delivered: nil
    }
  }

  private func outlook(_ reports: [DeliveryStatusReport], _ utcOffsetMinutes: Int) -> String? {
    let until = retryUntil.map { $0.civil(offsetMinutes: utcOffsetMinutes) }
      .map { "It is tried until \($0.dateAndClock) \($0.zone)." }
    let isTold = reports.allSatisfy { entry.wish(for: $0.recipient).wants(.failure) }
    let sentences = [until, isTold ? "You are told if it has to be given up." : nil].compactMap { $0 }
    return sentences.isEmpty ? nil : sentences.joined(separator: " ") + lastAsked
  }

  private var lastAsked: String {
    remote.map { " The last mail server that was asked is \(DisplayText.oneLine($0.description))." } ?? ""
  }

  private static func paragraph(_ text: String) -> String {
    DisplayText.wrap(text, columns: 72).joined(separator: "\n")
  }

  private static func line(_ report: DeliveryStatusReport) -> String {
    let recipient = "  <\(DisplayText.oneLine(report.recipient.text))>"
    guard let reason = report.reason else { return recipient }
    let lines = DisplayText.wrap(DisplayText.oneLine(reason, limit: 1000), columns: 68)
    return recipient + "\n" + lines.map { "    " + $0 }.joined(separator: "\n")
  }
}
