package import Foundation

/// One error of one site, as `dedupctl list` shows it.
package struct ErrorEntry: Codable, Sendable, Equatable {
  /// What an admin types: the first 8 digits of the digest.
  package var id: String
  /// `version:digest`.
  package var fingerprint: String
  package var error: String
  package var place: String
  package var site: String
  /// Held back since the last mail that was forwarded.
  package var heldBack: Int
  /// Held back in all.
  package var suppressed: Int
  /// Seen in all.
  package var total: Int
  package var firstSeen: Date
  package var lastSeen: Date
  /// Absent when no window is open.
  package var windowEnd: Date?
  /// Arrivals of the last 24 hours, oldest first; the last one is the running hour.
  package var hours: [Int]
  /// The present outbreak of it, or the latest one.
  package var episode: EpisodeEntry
  /// Absent unless somebody resolved it and it did not come back since.
  package var resolvedAt: Date?
  /// The storm cap holds it back until the next digest.
  package var awaitsDigest: Bool
  /// A silence covers it.
  package var isSilenced: Bool
  /// An admin asked for the next mail.
  package var passesNext: Bool
  /// What became of the latest mail, in the word of the log; absent when that was not kept.
  package var lastReason: String?
  /// The rule that decided over it; absent: none did.
  package var lastRule: String?
  /// Different texts and places among its variants; absent in answers of earlier versions.
  package var texts: Int?
  package var places: Int?
  /// Sites of one name differ in these three: Django's `EMAIL_SUBJECT_PREFIX` (empty: none), and sender and recipients
  /// in lower case. Absent in answers of earlier versions.
  package var subjectPrefix: String?
  package var sender: String?
  package var recipients: [String]?
}

/// One outbreak of an error.
package struct EpisodeEntry: Codable, Sendable, Equatable {
  /// How many there were so far, this one included.
  package var number: Int
  /// Seen in it.
  package var total: Int
  package var startedAt: Date
  /// `new`, `again`, or `regression`.
  package var beginning: String
  /// How long it had been quiet before; absent in the first one.
  package var quietSecondsBefore: Int?
}

/// One error with everything that is kept of it.
package struct ErrorDetail: Codable, Sendable, Equatable {
  package var entry: ErrorEntry
  package var explanation: String
  /// The first and the latest mail as they arrived (bytes that are not UTF-8 replaced); absent when not kept.
  package var firstMail: String?
  package var latestMail: String?
  /// Which of the mails are kept but are not what was stored: `first`, `latest`; absent when none is.
  package var damagedMails: [String]?
  /// Its variants, the first seen first; absent when it has none.
  package var variants: [VariantEntry]?
  /// Arrivals of the last 30 days by the hour, oldest first; the last one is the running hour.
  package var history: [Int]
  /// The silences that cover it.
  package var silences: [SilenceEntry]
}

/// One variant of an error: another path to the same place, or another text.
package struct VariantEntry: Codable, Sendable, Equatable {
  package var name: String
  /// Seen in all.
  package var total: Int
  package var firstSeen: Date
  package var lastSeen: Date
  /// Whether the first mail of the error is the first of this variant.
  package var isOfFirstMail: Bool
  /// The text of the exception as it was printed in the first mail of the variant, or in the latest that went out since.
  /// Absent: not known.
  package var text: String?
  /// The frame that raised the exception of that mail, which may be a library's. Absent: not known.
  package var place: String?
  /// The frame of the application that called the innermost application frame of that mail. Absent: not known.
  package var caller: String?
  /// Its first mail, as that of the error; absent when not kept, or when the mails of all variants are too many for
  /// one answer.
  package var firstMail: String?
  /// True when that mail is kept but is not what was stored; else absent.
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
