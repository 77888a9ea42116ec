package import MailMessage

/// The mark of the fleet on a forwarded mail about an error, made just before it leaves.
///
/// | field | meaning |
/// |---|---|
/// | `X-MailDedup-Fleet: 3 relays` | count and held-back are those of the fleet |
/// | `X-MailDedup-Fleet: fleet-away` | the engine did not answer, so that another relay may have sent a mail too |
/// | `X-MailDedup-Fleet: fleet-stale` | the engine's word could not be relied on; the same |
///
/// A mail that no other relay has a part in stays as it is, byte for byte.
package enum FleetMark: Hashable, Sendable {
  /// The counts of the fleet, of which `relays` counted any.
  case counted(mails: Int, heldBack: Int, relays: Int)
  /// The mail left without the fleet's consent, for the reason in that word.
  case alone(String)

  /// Returns the message with the mark.
  ///
  /// - Parameter tagsSubject: True if Subjects show counts. A Subject that shows none gets one when mails were held back
  ///   that this relay did not know of.
  package func applied(to message: Message, tagsSubject: Bool) -> Message {
    switch self {
    case .alone(let reason): return message.prepending(HeaderWriter.text("X-MailDedup-Fleet", reason))
    case .counted(_, _, let relays) where relays <= 1: return message
    case .counted(let mails, let heldBack, let relays):
      var marked = message
      let hasTag = Self.count(&marked, mails, heldBack, tagsSubject: tagsSubject)
      if tagsSubject, !hasTag, heldBack > 0 { Self.tag(&marked, mails) }
      return marked.prepending(HeaderWriter.text("X-MailDedup-Fleet", "\(relays) relays"))
    }
  }

  /// Writes the counts into the fields of ours, which are the topmost of their names, and into the tag of the Subject.
  ///
  /// - Returns: true if the Subject has a tag.
  private static func count(_ message: inout Message, _ mails: Int, _ heldBack: Int, tagsSubject: Bool) -> Bool {
    var (hasTag, done) = (false, Set<String>())
    let isSigned = HeaderEdit.isSigned(message.head)
    message.head = HeaderEdit.rewriting(message.head) { name, value in
      guard done.insert(name).inserted else { return value }
      switch name {
      case "x-maildedup-count": return Array(" \(mails)".utf8)[...]
      case "x-maildedup-held-back": return Array(" \(heldBack)".utf8)[...]
      case "subject" where tagsSubject && !isSigned:
        let start = value.firstIndex { !$0.isBlank } ?? value.endIndex
        guard let tag = FoundTag(at: value[start...]) else { return value }
        hasTag = true
        return value[..<start] + Array(tag.counting(mails).text.utf8)[...] + value[tag.end...]
      default: return value
      }
    }
    return hasTag
  }

  private static func tag(_ message: inout Message, _ mails: Int) {
    guard let fingerprint = HeaderEdit.text(of: "x-maildedup-fingerprint", in: message.head) else { return }
    let id = String(fingerprint.drop { $0 != ":" }.dropFirst().prefix(8))
    let tag = SubjectTag(word: nil, count: mails, errorID: id)
    guard let insertion = HeaderEdit.subjectPrefix(tag.text, in: message.head) else { return }
    message.head.insert(contentsOf: insertion.octets, at: insertion.position)
  }
}

/// A tag as it stands in a Subject.
private struct FoundTag {
  private var tag: SubjectTag
  /// The index behind it.
  let end: Int

  init?(at text: ArraySlice<UInt8>) {
    guard let end = SubjectTag.end(in: text) else { return nil }
    let words = String(decoding: text[text.startIndex + 1..<end - 1], as: UTF8.self).split(separator: " ")
    guard let id = words.last else { return nil }
    tag = SubjectTag(word: words.first.flatMap { .init(rawValue: String($0)) }, count: 0, errorID: String(id))
    self.end = end
  }

  func counting(_ mails: Int) -> SubjectTag {
    SubjectTag(word: tag.word, count: mails, errorID: tag.errorID)
  }
}
