package import DedupCore
package import MailMessage

/// The mail that reports doubtful mail that was held back, with one entry for each key, so that none is hidden.
package struct DoubtDigest: Hashable, Sendable {
  /// The largest number of Subjects of one entry.
  static let mostSubjects = 5

  /// A mail that was held back.
  package struct Sample: Hashable, Sendable, Codable {
    package var id: QueueID
    /// The Subject of the mail, decoded.
    package var subject: String

    package init(id: QueueID, subject: String) { (self.id, self.subject) = (id, subject) }

    /// Returns `samples` with one more sample, the latest last: one sample of each Subject, and only the latest
    /// `mostSubjects`.
    package static func adding(_ sample: Sample, to samples: [Sample]) -> [Sample] {
      Array((samples.filter { $0.subject != sample.subject } + [sample]).suffix(mostSubjects))
    }
  }

  /// The doubts of one key, at the time when the digest is written.
  package struct Item: Hashable, Sendable {
    package var doubt: DoubtfulReport
    package var record: DoubtRecord
    package var samples: [Sample]

    package init(doubt: DoubtfulReport, record: DoubtRecord, samples: [Sample]) {
      (self.doubt, self.record, self.samples) = (doubt, record, samples)
    }

    /// True if no earlier digest reported these doubts.
    fileprivate var isNew: Bool { record.told == 0 }
  }

  package let items: [Item]

  /// Creates a digest.
  ///
  /// - Parameter items: the entries, in any order.
  package init(_ items: [Item]) {
    self.items = items.sorted { a, b in
      a.isNew == b.isNew
        ? (a.record.held, b.record.firstSeen) > (b.record.held, a.record.firstSeen) : a.isNew && !b.isNew
    }
  }

  package func message(
    from: EmailAddress, to: [EmailAddress], id: QueueID, at now: Timestamp, _ letterhead: Letterhead
  ) -> [UInt8] {
    MessageBuilder(
      fromName: "MailDedup", from: from, to: to, subject: subject,
      date: now.civil(offsetMinutes: letterhead.utcOffsetMinutes(now)), messageID: "\(id)@\(letterhead.hostname)",
      fields: ListFields.of("errors", letterhead.hostname), content: .text(text(letterhead), type: "text/plain")
    ).build()
  }

  var subject: String {
    let held = items.lazy.map(\.record.held).sumOfCounts()
    let kinds = items.count == 1 ? "" : " of \(items.count) kinds"
    let first = items.first.map { ": \(DisplayText.oneLine(Self.title(of: $0.doubt), limit: 60))" } ?? ""
    return Letterhead.subject("\(DisplayText.count(held, "unclear mail"))\(kinds) held back\(first)")
  }

  /// Returns the text of the digest, in lines of at most 74 columns, which quoted-printable leaves whole, ending in LF.
  func text(_ letterhead: Letterhead) -> String {
    var lines = DisplayText.wrap(
      """
      These mails look like error reports and could not be read for sure. Each goes out as long as few alike come; so \
      many did that the further ones are kept. dedupctl queue list --held names those that are kept, dedupctl queue \
      show ID shows one, dedupctl queue release ID sends it, dedupctl queue delete ID removes it.
      """, columns: 74)
    for (index, item) in items.enumerated() { lines += [""] + entry(item, number: index + 1, letterhead) }
    return lines.map { $0 + "\n" }.joined()
  }

  private func entry(_ item: Item, number: Int, _ letterhead: Letterhead) -> [String] {
    let record = item.record
    let mark = item.isNew ? "NEW " : ""
    let title = DisplayText.wrap(
      "\(number). \(mark)\(DisplayText.oneLine(Self.title(of: item.doubt)))", columns: 74, limit: 3)
    var details = [
      "\(DisplayText.count(record.held, "mail")) held back, \(DisplayText.number(record.total)) since "
        + letterhead.minute(record.firstSeen)
    ]
    if record.dropped > 0 {
      details.append("\(DisplayText.count(record.dropped, "of them is", "of them are")) not kept any more: too many")
    }
    let common = Self.commonFront(item.samples.map(\.subject))
    details += item.samples.reversed().map { sample in
      let rest = sample.subject.dropFirst(common)
      return "\(sample.id) \(common > 0 ? "…" : "")\(rest)"
    }
    return title + details.map { "    " + DisplayText.cut(DisplayText.oneLine($0), columns: 70) }
  }

  /// Returns the number of characters that all Subjects share at their beginning, up to a blank, or 0 if they fit as
  /// they are. Subjects differ at their ends: `[Shop] ERROR (EXTERNAL IP): Internal Server Error: /cart/17`.
  private static func commonFront(_ subjects: [String]) -> Int {
    guard subjects.count > 1, subjects.contains(where: { $0.count > 50 }), var front = subjects.first else { return 0 }
    for subject in subjects { front = String(zip(front, subject).prefix { $0 == $1 }.map(\.0)) }
    guard let blank = front.lastIndex(of: " ") else { return 0 }
    return front.distance(from: front.startIndex, to: blank) + 1
  }

  /// Returns a title, e.g. `KeyError at shop/cart.py in add (ambiguous-report)`.
  private static func title(of doubt: DoubtfulReport) -> String {
    let error = [doubt.type, doubt.place].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " at ")
    return error.isEmpty ? doubt.reason : "\(error) (\(doubt.reason))"
  }
}
