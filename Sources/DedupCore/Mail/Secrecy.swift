import MailMessage

// What of the mail in the queue is about errors, and so may hold settings, cookies and form data of a site.

extension QueueEntry.Kind {
  /// What an encrypted mail of this kind is called on the outside; nil: mail of this kind is never encrypted, for it is
  /// not only for admins. Mail that is forwarded for a doubt is among `pass`: it may be for a customer.
  private var nameOutside: String? {
    switch self {
    case .pass, .bounce, .alert: nil
    case .report, .copy: "Error report"
    case .notice: "News of errors"
    case .summary: "Summary of error mail"
    }
  }

  package var mayHoldSecrets: Bool { nameOutside != nil }

  /// A Subject that tells nothing of the error but where it belongs, from the fields that we put on top of `message`:
  /// `Error report [9f3a1c22] of shop.settings.production`. The same for all mails of one error, milestones included:
  /// Gmail makes a thread only of mails with one Subject.
  package func neutralSubject(of message: [UInt8]) -> String {
    var subject = nameOutside ?? "Mail"
    if let fingerprint = HeaderEdit.text(of: "x-maildedup-fingerprint", in: message) {
      subject = "Error report [\(fingerprint.drop { $0 != ":" }.dropFirst().prefix(8))]"
    }
    if let site = HeaderEdit.text(of: "x-maildedup-site", in: message) {
      subject += " of \(String(site.drop { $0 == " " }.prefix(100)))"
    }
    return subject
  }
}

extension Judged {
  /// What the mail is in the queue.
  package var kind: QueueEntry.Kind {
    switch self {
    case .pass, .doubt: .pass
    case .report: .report
    }
  }
}
