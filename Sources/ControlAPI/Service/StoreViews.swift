package import DedupCore
package import Foundation
import MailMessage

// Conversions from the values of the store to the JSON of the control API. The daemon and a `dedupctl` that reads the
// store of a stopped daemon both use them, so their answers cannot differ.

extension ErrorEntry {
  package init(_ row: FingerprintRow) {
    self.init(
      id: row.id, fingerprint: row.fingerprint, error: row.title, place: row.place, site: row.site,
      heldBack: row.record.held, suppressed: row.record.suppressed, total: row.record.total,
      firstSeen: Date(row.record.firstSeen), lastSeen: Date(row.record.lastSeen),
      windowEnd: row.windowEnd.map(Date.init), hours: row.hours.map(\.total),
      episode: EpisodeEntry(
        number: row.record.episode.number, total: row.record.episode.mails,
        startedAt: Date(row.record.episode.start), beginning: row.record.episode.beginning.rawValue,
        quietSecondsBefore: row.record.episode.quietBefore.map { Int($0.wholeMilliseconds / 1000) }),
      resolvedAt: row.record.resolvedAt.map(Date.init), awaitsDigest: row.record.awaitsDigestSince != nil,
      isSilenced: row.isSilenced, passesNext: row.record.passesNext, lastReason: row.record.lastReason,
      lastRule: row.record.lastRule, texts: row.variants.texts, places: row.variants.places,
      subjectPrefix: row.siteTraits.prefix, sender: row.siteTraits.sender, recipients: row.siteTraits.recipients)
  }
}

extension ErrorDetail {
  package init(_ detail: FingerprintDetail) {
    let damaged = [("first", detail.firstSample), ("latest", detail.latestSample)].filter { $0.1 == .damaged }
    self.init(
      entry: ErrorEntry(detail.row), explanation: detail.explanation,
      firstMail: detail.firstSample.text,
      latestMail: detail.latestSample.text,
      damagedMails: damaged.isEmpty ? nil : damaged.map(\.0),
      variants: detail.variants.isEmpty ? nil : detail.variants.map(VariantEntry.init),
      history: detail.history.map(\.total),
      silences: detail.silences.map { silence in
        let error = NamedError(
          row: 0, fingerprint: detail.row.fingerprint, site: detail.row.site, title: detail.row.title)
        return SilenceEntry(SilenceRow(silence: silence, error: error), now: silence.createdAt)
      })
  }
}

extension SampleMail {
  fileprivate var text: String? { octets.map { String(decoding: $0, as: UTF8.self) } }
}

extension VariantEntry {
  fileprivate init(_ variant: VariantDetail) {
    self.init(
      name: variant.name, total: variant.total, firstSeen: Date(variant.firstSeen), lastSeen: Date(variant.lastSeen),
      isOfFirstMail: variant.isOfFirstMail, text: variant.traits.text.nonEmpty, place: variant.traits.place.nonEmpty,
      caller: variant.traits.caller.nonEmpty, firstMail: variant.sample.text,
      isDamaged: variant.sample == .damaged ? true : nil)
  }
}

extension String {
  fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}

extension ErrorName {
  package init(_ error: NamedError) {
    self.init(id: error.id, fingerprint: error.fingerprint, error: error.title, site: error.site)
  }
}

extension GroupingEntry {
  init(_ grouping: ErrorGrouping) {
    self.init(
      kind: grouping.kind.rawValue, error: ErrorName(grouping.error), members: grouping.members.map(ErrorName.init))
  }
}

extension SilenceEntry {
  package init(_ row: SilenceRow, now: Timestamp) {
    let silence = row.silence
    let ended = silence.ended(now: now)
    self.init(
      id: Int(silence.id), scope: row.scope, error: row.error.map(ErrorName.init), author: silence.author,
      reason: silence.reason, createdAt: Date(silence.createdAt), ends: silence.end.description,
      isUntilResolved: silence.end == .whenResolved,
      endsAt: silence.endsAt.map(Date.init), held: silence.held, endedAt: ended.map { Date($0.at) },
      endedBy: ended?.cause.rawValue, endedAuthor: ended?.author)
  }
}

extension Silence.End {
  fileprivate var description: String {
    switch self {
    case .at(let time): "at \(time.civil().rfc5322)"
    case .afterMails(let count): "after \(DisplayText.count(count, "mail"))"
    case .aboveRate(let rate): "above \(DisplayText.count(rate, "mail")) an hour"
    case .whenResolved: "when resolved"
    }
  }
}

extension StatusReport {
  package init(version: String, daemon: DaemonStatus?, totals: Totals, queue: QueueStatus) {
    self.version = version
    self.daemon = daemon
    self.totals = TotalsReport(totals)
    self.queue = QueueReport(queue)
  }
}

extension Date {
  package init(_ timestamp: Timestamp) {
    self.init(timeIntervalSince1970: Double(timestamp.milliseconds) / 1000)
  }
}

extension Timestamp {
  package init(_ date: Date) {
    self.init(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
  }
}
