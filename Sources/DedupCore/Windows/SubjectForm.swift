/// The form of the Subject of a later mail of an error.
package enum SubjectForm: String, Hashable, Sendable, Codable, CaseIterable {
  /// A tag, `[100x 4cd8fd73] …` (`SubjectTag`). Mail programs that follow RFC 5256 ignore text in brackets at the
  /// front, so the mail stays in its thread there.
  case count
  /// A reply, `Re: …`. Some mail programs, including Gmail, require the same Subject within a thread. The count
  /// is in `X-MailDedup-Count`.
  case reply
  /// The Subject as it arrived.
  case unchanged
}
