/// A number of recipients within a period.
package struct DeliveryRate: Hashable, Sendable, CustomStringConvertible {
  package var recipients: Int
  package var period: Period

  package enum Period: String, Hashable, Sendable, CaseIterable {
    case second = "s"
    case minute = "min"
    case hour = "h"

    package var length: Duration {
      switch self {
      case .second: .seconds(1)
      case .minute: .seconds(60)
      case .hour: .seconds(3600)
      }
    }
  }

  package init(_ recipients: Int, per period: Period) {
    self.recipients = recipients
    self.period = period
  }

  /// The rate in the form `50/min`.
  package var description: String { "\(recipients)/\(period.rawValue)" }
}

/// The limits of one smarthost; they count recipients, not mails.
package struct DeliveryLimits: Hashable, Sendable {
  /// The limit within any stretch of its period; nil: no limit.
  package var rate: DeliveryRate?
  /// The limit within any 24 hours; nil: no limit.
  package var daily: Int?

  package init(rate: DeliveryRate? = nil, daily: Int? = nil) {
    self.rate = rate
    self.daily = daily
  }

  package var isEmpty: Bool { rate == nil && daily == nil }

  /// The number of recipients of one mail that may ever go at once.
  var mostAtOnce: Int { max(1, min(rate?.recipients ?? .max, daily ?? .max)) }

  /// Returns the part of `daily` that mail of this priority may take: error mail and the relay's own mail get a tenth,
  /// at least 1. The rest is for ordinary mail, however large a storm is. Nil: no limit.
  func dailyShare(of priority: DeliveryPriority) -> Int? {
    guard let daily else { return nil }
    let share = max(1, daily / 10)
    switch priority {
    case .alert, .ordinary: return daily
    case .own: return share
    // The last quarter is for the digests about errors that could not be reported one by one.
    case .report: return max(1, share * 3 / 4)
    }
  }
}

/// The order in which mail goes when not all of it may go.
package enum DeliveryPriority: Int, Hashable, Sendable, Comparable {
  /// Mail that says that the relay is in trouble; before everything else.
  case alert
  /// Mail of the site, and kept reports that an admin sends again.
  case ordinary
  /// Digests, summaries and bounces of the relay.
  case own
  /// Single reports of errors.
  case report

  package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  package init(_ kind: QueueEntry.Kind) {
    switch kind {
    case .alert: self = .alert
    case .pass, .copy: self = .ordinary
    case .notice, .summary, .bounce: self = .own
    case .report: self = .report
    }
  }

  /// True if the mail goes from what ordinary mail leaves.
  package var isFromTheRest: Bool { self > .ordinary }
}
