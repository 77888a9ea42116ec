package import DedupCore
import MailMessage

/// The conversation that all mails of one error form in a mailbox (RFC 5322 section 3.6.4).
///
/// Its root is a Message-ID that no mail has. Mail programs group all mails that refer to it, even when the first mail
/// was deleted. Below it stands the first forwarded mail, by the Message-ID that the site gave it.
package struct MailThread: Hashable, Sendable {
  /// The Message-ID of the root. Like all Message-IDs here it has no angle brackets.
  package var root: String
  /// The Message-ID of the first forwarded mail, or nil before there is one.
  package var first: String?
  /// The Subject of the first forwarded mail, decoded. Empty if there is none.
  package var subject: String

  package init(root: String, first: String? = nil, subject: String = "") {
    self.root = root
    self.first = first
    self.subject = subject
  }

  /// Returns the root for an error that was first seen at `time`. The same error in another store is another
  /// conversation.
  package static func root(fingerprint: String, at time: Timestamp) -> String {
    let digest = fingerprint.utf8.filter { isPlain($0) }.prefix(64)
    return "\(String(decoding: digest, as: UTF8.self)).\(time.milliseconds)\(rootDomain)"
  }

  /// The end of each root.
  static let rootDomain = "@error.maildedup"

  /// Returns the Message-ID of a mail if other mails can refer to it: visible ASCII in angle brackets.
  package static func messageID(of message: [UInt8]) -> String? {
    guard let text = HeaderEdit.text(of: "message-id", in: message) else { return nil }
    let id = text.utf8.drop { $0 == 0x20 }
    guard id.first == UInt8(ascii: "<"), let end = id.firstIndex(of: UInt8(ascii: ">")) else { return nil }
    let inner = id[id.index(after: id.startIndex)..<end]
    let isUsable = inner.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "<") }
    return isUsable && (3...200).contains(inner.count) ? String(decoding: inner, as: UTF8.self) : nil
  }

  /// The Message-IDs that a later mail refers to, the oldest first.
  package var references: [String] { [root] + (first.map { [$0] } ?? []) }

  /// The fields that put a mail into the conversation.
  package var fields: [UInt8] {
    let ids = references.map { "<\($0)>" }
    return HeaderWriter.folded("In-Reply-To", [ids.last ?? ""]) + HeaderWriter.folded("References", ids)
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}
