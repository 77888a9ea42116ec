import ControlAPI
import DedupCore
import Foundation
import MailMessage
import MailTestKit

/// One error in two sites, one mail in the queue.
struct FixedStore: StoreReading {
  static let now = Timestamp(seconds: 1_795_356_185)

  static let variant = VariantDetail(
    name: "abcd", total: 3, firstSeen: now, lastSeen: now, isOfFirstMail: false,
    traits: VariantTraits(text: "too many clients", place: "psycopg2/__init__.py in connect"),
    sample: .kept(Array("x".utf8)))

  static func row(_ site: String) -> FingerprintRow {
    FingerprintRow(
      fingerprint: "1:0123456789abcdef0123456789abcdef", site: site, title: "OperationalError: too many clients",
      place: "database slots exhausted",
      record: WindowRecord(
        firstSeen: now.advanced(by: .seconds(-60)), lastSeen: now, windowStart: now, held: 99, total: 100,
        suppressed: 99),
      windowEnd: now.advanced(by: .seconds(3600)), hours: [HourCount(), HourCount(forwarded: 1, suppressed: 99)],
      variants: VariantSpread(texts: 3, places: 2))
  }

  func totals() async throws -> Totals { Totals(passed: 1, doubtful: 2, forwarded: 3, suppressed: 4) }

  func queueStatus() async throws -> QueueStatus { QueueStatus(waiting: 1, oldest: Self.now, octets: 512) }

  func queue(_ filter: QueueFilter) async throws -> [QueueEntry] { filter.kind == .pass ? [] : [Self.entry] }

  func queueIDs(in range: ClosedRange<QueueID>, limit: Int) async throws -> [QueueID] {
    range.contains(Self.entry.id) ? [Self.entry.id] : []
  }

  func queued(_ id: QueueID, octets: Int) async throws -> QueuedMessage? {
    QueuedMessage(entry: Self.entry, message: octets > 0 ? Array("Subject: y\r\n".utf8) : nil)
  }

  static let entry =
    QueueEntry(
      id: QueueID(rawValue: 1), sender: .null, recipients: [EmailAddress("a@example.org")], body: .unspecified,
      usesSMTPUTF8: false, size: 512, queuedAt: Self.now, attempts: 2, nextAttempt: Self.now,
      lastFailure: "connection refused", kind: .bounce, delayNotified: false)

  func fingerprints(_ query: FingerprintQuery, now: Timestamp) async throws -> [FingerprintRow] {
    let rows = [Self.row("shop.settings"), Self.row("staging.settings")]
    return Array(rows.filter { query.site == nil || $0.site == query.site }.prefix(query.limit))
  }

  func groupings() async throws -> [ErrorGrouping] {
    let error = NamedError(row: 1, fingerprint: "4:0123456789abcdef", site: "shop", title: "A")
    return [ErrorGrouping(kind: .merged, error: error, members: [error])]
  }

  func statistics(since: Timestamp) async throws -> StoreStatistics {
    var statistics = StoreStatistics()
    statistics.errors = Int(Self.now.since(since).components.seconds / 86_400)
    return statistics
  }

  func fingerprint(idPrefix: String, now: Timestamp) async throws -> [FingerprintDetail] {
    guard "0123456789abcdef".hasPrefix(idPrefix) || "1:0123456789abcdef".hasSuffix(idPrefix) else { return [] }
    return [
      FingerprintDetail(
        row: Self.row("shop.settings"), explanation: "why", firstSample: .kept(Array("Subject: x\r\n".utf8)),
        latestSample: .damaged, variants: [Self.variant])
    ]
  }

  func summaryFacts(_ query: SummaryQuery) async throws -> SummaryFacts {
    guard query.period.length == .seconds(2 * 86_400) else { throw ControlProblem("no facts here") }
    return SummaryFacts(period: query.period, totals: Totals(passed: query.sites == [7] ? 7 : 0))
  }

  func siteAudiences(from: Timestamp, to: Timestamp) async throws -> [SiteAudience] {
    [SiteAudience(row: 7, name: "shop & söhne?", sender: "", recipients: [], mails: 1)]
  }

  func silences(all: Bool) async throws -> [SilenceRow] {
    let silence = Silence(
      id: 3, createdAt: Self.now, author: "ann", reason: "deploy", scope: .matching(.init(title: "A*", site: "shop")),
      end: .aboveRate(100), ended: all ? .init(at: Self.now, cause: .rate) : nil)
    return [SilenceRow(silence: silence, error: nil)]
  }
}
