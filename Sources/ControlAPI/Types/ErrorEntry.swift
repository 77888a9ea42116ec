package import Foundation

/// An error of one site, as `dedupctl list` shows it.
package struct ErrorEntry: Codable, Sendable, Equatable {
  /// The id that an admin types: the first 8 digits of the digest.
  package var id: String
  /// The fingerprint, as `version:digest`.
  package var fingerprint: String
  package var error: String
  package var place: String
  package var site: String
  /// The number of mails held back since the last forwarded mail.
  package var heldBack: Int
  /// The number of mails held back in all.
  package var suppressed: Int
  /// The number of mails seen in all.
  package var total: Int
  package var firstSeen: Date
  package var lastSeen: Date
  /// The end of the current window. Absent if no window is open.
  package var windowEnd: Date?
  /// The arrivals of the last 24 hours by the hour, oldest first. The last element is the current hour.
  package var hours: [Int]
  /// The current outbreak of the error, or the latest one.
  package var episode: EpisodeEntry
  /// The time at which an admin resolved the error. Absent if none did, or if the error came back since.
  package var resolvedAt: Date?
  /// True if the storm cap holds the error back until the next digest.
  package var awaitsDigest: Bool
  /// True if a silence covers the error.
  package var isSilenced: Bool
  /// True if an admin asked for the next mail.
  package var passesNext: Bool
  /// The outcome of the latest mail, in the word of the log. Absent if it was not recorded.
  package var lastReason: String?
  /// The rule that decided about the latest mail. Absent if none did.
  package var lastRule: String?
  /// The number of different texts and of different places among the variants. Absent in answers of earlier versions.
  package var texts: Int?
  package var places: Int?
  /// The properties that tell sites of one name apart: Django's `EMAIL_SUBJECT_PREFIX` (empty if there is none), and
  /// sender and recipients in lower case. Absent in answers of earlier versions.
  package var subjectPrefix: String?
  package var sender: String?
  package var recipients: [String]?
}

/// An outbreak of an error.
package struct EpisodeEntry: Codable, Sendable, Equatable {
  /// The number of outbreaks so far, including this one.
  package var number: Int
  /// The number of mails seen in the outbreak.
  package var total: Int
  package var startedAt: Date
  /// The way in which the outbreak began: `new`, `again`, or `regression`.
  package var beginning: String
  /// The seconds for which the error had been quiet before. Absent in the first outbreak.
  package var quietSecondsBefore: Int?
}

/// An error with everything that is kept about it.
package struct ErrorDetail: Codable, Sendable, Equatable {
  package var entry: ErrorEntry
  package var explanation: String
  /// The first and the latest mail as they arrived, with bytes that are not UTF-8 replaced. Absent if not kept.
  package var firstMail: String?
  package var latestMail: String?
  /// The mails that are kept but are not what was stored: `first`, `latest`. Absent if there are none.
  package var damagedMails: [String]?
  /// The variants of the error, the first seen first. Absent if it has none.
  package var variants: [VariantEntry]?
  /// The arrivals of the last 30 days by the hour, oldest first. The last element is the current hour.
  package var history: [Int]
  /// The silences that cover the error.
  package var silences: [SilenceEntry]
}

/// A variant of an error: another path to the same place, or another text.
package struct VariantEntry: Codable, Sendable, Equatable {
  package var name: String
  /// The number of mails seen in all.
  package var total: Int
  package var firstSeen: Date
  package var lastSeen: Date
  /// True if the first mail of the error is the first mail of this variant.
  package var isOfFirstMail: Bool
  /// The text of the exception, as printed in the first mail of the variant or in the latest one forwarded since.
  /// Absent if not known.
  package var text: String?
  /// The frame that raised the exception of that mail, which may be a library's. Absent if not known.
  package var place: String?
  /// The frame of the application that called the innermost application frame of that mail. Absent if not known.
  package var caller: String?
  /// The first mail of the variant, with bytes that are not UTF-8 replaced. Absent if not kept, or if the mails of all
  /// variants are too many for one answer.
  package var firstMail: String?
  /// True if that mail is kept but is not what was stored. Absent otherwise.
  package var isDamaged: Bool?
}

extension ErrorEntry: Described {
  static let schema = Schema(
    "Error",
    [
      "id": "string", "fingerprint": "string", "error": "string", "place": "string", "site": "string",
      "held_back": "integer", "suppressed": "integer", "total": "integer", "first_seen": "time",
      "last_seen": "time", "window_end?": "time", "hours": "integer[]", "episode": "Episode",
      "resolved_at?": "time", "awaits_digest": "boolean", "is_silenced": "boolean", "passes_next": "boolean",
      "last_reason?": "string", "last_rule?": "string", "texts?": "integer", "places?": "integer",
      "subject_prefix?": "string", "sender?": "string", "recipients?": "string[]",
    ], parts: [EpisodeEntry.self])
}

extension EpisodeEntry: Described {
  static let schema = Schema(
    "Episode",
    [
      "number": "integer", "total": "integer", "started_at": "time", "beginning": "string",
      "quiet_seconds_before?": "integer",
    ])
}

extension ErrorDetail: Described {
  static let schema = Schema(
    "ErrorDetail",
    [
      "entry": "Error", "explanation": "string", "first_mail?": "string", "latest_mail?": "string",
      "damaged_mails?": "string[]", "variants?": "Variant[]", "history": "integer[]", "silences": "Silence[]",
    ], parts: [ErrorEntry.self, VariantEntry.self, SilenceEntry.self])
}

extension VariantEntry: Described {
  static let schema = Schema(
    "Variant",
    [
      "name": "string", "total": "integer", "first_seen": "time", "last_seen": "time",
      "is_of_first_mail": "boolean", "text?": "string", "place?": "string", "caller?": "string",
      "first_mail?": "string", "is_damaged?": "boolean",
    ])
}
