package import DedupCore
import MailMessage

// The mails in the queue that are about errors, and so may hold settings, cookies and form data of a site.

extension QueueEntry.Kind {
  /// The outer name of an encrypted mail of this kind, or nil if mail of this kind is never encrypted because it is not
  /// only for admins. Mail forwarded because of a doubt belongs to `pass`: it may be for a customer.
  private var nameOutside: String? {
    switch self {
    case .pass, .bounce, .alert: nil
    case .report, .copy: "Error report"
    case .notice: "News of errors"
    case .summary: "Summary of error mail"
    }
  }

  package var mayHoldSecrets: Bool { nameOutside != nil }

  /// Returns a Subject that reveals only which error and site a mail belongs to, taken from the fields that we put on
  /// top of `message`: `Error report [9f3a1c22] of shop.settings.production`. It is the same for all mails of one
  /// error, including milestones, because Gmail threads only mails with the same Subject.
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
