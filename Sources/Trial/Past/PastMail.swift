package import DedupCore
package import MailMessage
package import RelayMail

/// A mail of the past, with what it says about its arrival.
package struct PastMail: Sendable {
  /// The message as it came to the first relay.
  package let message: [UInt8]
  package let passage: ReceivedMail.Passage
  /// The envelope as derived from the header, because the envelope is not kept with a mail. Django writes the same
  /// addresses into both.
  ///
  /// `Return-Path` and `X-Original-To` come second: forwarders write an address of their own into the former for each
  /// mail, and each reader's copy has another one in the latter; either would turn one site into many.
  package let envelope: Envelope
  /// The time of arrival; nil if neither the mail nor its storage tells it.
  package let arrivedAt: Timestamp?

  /// - Parameter storedAt: the time at which the mail was stored; used if the mail itself does not say when it came.
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

  /// Returns the time at which the first server, where the relay is, took the mail: that of the lowest `Received`
  /// field. In an outage the later servers have queues, and what they and the mailbox note may be hours late. Without
  /// such a field it is the site's own clock, `Date`; nil without either.
  private static func arrival(received: [String], date: String?) -> Timestamp? {
    let stamps = received.reversed().lazy.compactMap { field in
      field.lastIndex(of: ";").flatMap { DateField.seconds(String(field[field.index(after: $0)...])) }
    }
    return (stamps.first ?? date.flatMap(DateField.seconds)).map(Timestamp.init(seconds:))
  }
}

/// The fields of a header, unfolded and decoded, by their names in lower case; fields of one name stay in order.
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

/// The order in which mails arrived.
enum Chronology {
  /// Returns the indices of `times` in the order of time, each with its time. An entry without a time gets that of the
  /// entry before it; at the front, the first time that there is.
  static func order(_ times: [Timestamp?]) -> [(index: Int, time: Timestamp)] {
    var last = times.lazy.compactMap { $0 }.first ?? Timestamp(milliseconds: 0)
    let all = times.enumerated().map { index, time in
      last = time ?? last
      return (index: index, time: last)
    }
    return all.sorted { ($0.time, $0.index) < ($1.time, $1.index) }
  }
}
