import ControlAPI
import DedupConfig
import DedupCore
import Foundation
import MailMessage
import Trial

/// The result of a replay of past mail with one setting, for programs. Times are in seconds.
struct ReplayRow: Encodable {
  var setting: String
  var mails: Int
  var ordinary: Int
  var doubtful: Int
  var forwarded: Int
  var forwardedByReason: [String: Int]
  var heldBack: Int
  var heldBackByReason: [String: Int]
  var digests: Int
  var milestones: Int
  var allClears: Int
  var inbox: Int
  var errors: [Item]

  struct Item: Encodable {
    var id: String
    var fingerprint: String
    var site: String
    var sender: String
    var recipients: [String]
    var error: String
    var place: String
    var mails: Int
    var heldBack: Int
    var sent: Int
    var digests: Int
    var firstArrival: Date
    var firstTold: Date?
    var untilFirstTold: Double?
    var longestHidden: Double
    var toldBySummaryAlone: Int
  }

  init(_ run: ReplayComparison.Run) {
    let totals = run.replay.totals
    setting = run.setting.name
    mails = totals.mails
    ordinary = totals.ordinary
    doubtful = totals.doubtful
    forwarded = totals.allForwarded
    forwardedByReason = totals.forwarded
    heldBack = totals.allHeldBack
    heldBackByReason = totals.heldBack
    digests = totals.digests
    milestones = totals.milestones
    allClears = totals.allClears
    inbox = totals.inbox
    errors = run.replay.errors.map(Item.init)
  }
}

extension ReplayRow.Item {
  init(_ error: ReplayedError) {
    id = FingerprintRow.id(of: error.fingerprint)
    fingerprint = error.fingerprint
    site = error.site.name
    sender = error.envelope.sender.text
    recipients = error.envelope.recipients.map(\.text)
    self.error = error.title
    place = error.place
    mails = error.record.total
    heldBack = error.record.suppressed
    sent = error.sent
    digests = error.digests
    firstArrival = Date(error.record.firstSeen)
    firstTold = error.firstTold.map { Date($0) }
    untilFirstTold = error.firstTold.map { $0.since(error.record.firstSeen).inSeconds }
    longestHidden = error.longestHidden.inSeconds
    toldBySummaryAlone = error.untold
  }
}

/// A mail about errors that would have gone out, for programs.
struct ReplayEventRow: Encodable {
  var setting: String
  var time: Date
  var reason: String
  var site: String
  var heldBack: Int?
  var count: Int?
  var milestone: Int?
  /// The errors of the mail: several for a digest, none for a doubtful mail.
  var errors: [Named]

  struct Named: Encodable {
    var id: String
    var fingerprint: String
    var error: String
  }

  static func rows(of run: ReplayComparison.Run) -> [ReplayEventRow] {
    run.replay.timeline.map { event in
      let milestone: Int? = if case .milestone(let count) = event.what { count } else { nil }
      return ReplayEventRow(
        setting: run.setting.name, time: Date(event.at), reason: event.reason, site: event.site,
        heldBack: event.count?.heldBack, count: event.count?.total, milestone: milestone,
        errors: event.errors.map { row in
          let error = run.replay.errors[row]
          return Named(id: FingerprintRow.id(of: error.fingerprint), fingerprint: error.fingerprint, error: error.title)
        })
    }
  }
}

extension Duration {
  fileprivate var inSeconds: Double { Double(wholeMilliseconds) / 1000 }
}
