package import DedupCore
package import MailMessage
package import RelayMail

/// A mail of the past, with what it tells about its arrival.
package struct PastMail: Sendable {
  /// As it came to the first relay.
  package let message: [UInt8]
  package let passage: ReceivedMail.Passage
  /// The header's words for the envelope, which is not kept with a mail. Django writes the same into both.
  ///
  /// `Return-Path` and `X-Original-To` come second: forwarders write an address of their own into the former for each
  /// mail, and each reader's copy has another one in the latter; either would make many sites of one.
  package let envelope: Envelope
  /// Nil when the mail does not say.
  package let arrivedAt: Timestamp?

  /// - Parameter storedAt: when the mail was put where it lies; counts when the mail itself does not say when it came.
  package init(_ message: [UInt8], storedAt: Timestamp? = nil) {
    let received = ReceivedMail(message)
    self.message = received.message
    passage = received.passage
    let header = HeaderTexts(received.message)
    func addresses(_ names: String...) -> [EmailAddress] {
      names.lazy.map { header[$0].flatMap(AddressList.addresses) }.first { !$0.isEmpty } ?? []
    }
    envelope = Envelope(
      sender: addresses("from", "sender", "return-path").first ?? .null,
      recipients: addresses("to", "x-original-to", "delivered-to"))
    arrivedAt = Self.arrival(received: header["received"], date: header["date"].first) ?? storedAt
  }

  /// The time at which the first server took the mail, where the relay stands: the lowest `Received` field. In an outage
  /// the later servers have queues, and what they and the mailbox note may be hours late. Without one the site's own
  /// clock, `Date`.
  private static func arrival(received: [String], date: String?) -> Timestamp? {
    let stamps = received.reversed().lazy.compactMap { field in
      field.lastIndex(of: ";").flatMap { DateField.seconds(String(field[field.index(after: $0)...])) }
    }
    return (stamps.first ?? date.flatMap(DateField.seconds)).map(Timestamp.init(seconds:))
  }
}

/// The fields of a header, unfolded and decoded, by their names in lower case; several of one name in their order.
private struct HeaderTexts {
  private var texts: [String: [String]] = [:]

  init(_ message: [UInt8]) {
    let bytes = message.span
    for field in HeaderBlock(bytes, in: 0..<bytes.count).fields {
      let text = String(decoding: EncodedWord.decode(bytes, field.value), as: UTF8.self)
      texts[bytes.text(field.name).lowercased(), default: []].append(text)
    }
  }

  subscript(name: String) -> [String] { texts[name] ?? [] }
}

/// The order in which mails came.
enum Chronology {
  /// The places of `times` by time, with the time of each. What has none came together with what stands before it, at
  /// the front with the first that has one.
  static func order(_ times: [Timestamp?]) -> [(index: Int, time: Timestamp)] {
    var last = times.lazy.compactMap { $0 }.first ?? Timestamp(milliseconds: 0)
    let all = times.enumerated().map { index, time in
      last = time ?? last
      return (index: index, time: last)
    }
    return all.sorted { ($0.time, $0.index) < ($1.time, $1.index) }
  }
}
