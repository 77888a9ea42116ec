/// So many recipients within a time.
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

  /// `50/min`.
  package var description: String { "\(recipients)/\(period.rawValue)" }
}

/// What one smarthost may be given; recipients count, not mails.
package struct DeliveryLimits: Hashable, Sendable {
  /// Within any stretch of its period; nil: no limit.
  package var rate: DeliveryRate?
  /// Within any 24 hours; nil: no limit.
  package var daily: Int?

  package init(rate: DeliveryRate? = nil, daily: Int? = nil) {
    self.rate = rate
    self.daily = daily
  }

  package var isEmpty: Bool { rate == nil && daily == nil }

  /// Recipients of one mail that may ever go at once.
  var mostAtOnce: Int { max(1, min(rate?.recipients ?? .max, daily ?? .max)) }

  /// What error mail and our own mail may take of `daily`: a tenth, at least 1. The rest is for ordinary mail, however
  /// large a storm is.
  func dailyShare(of priority: DeliveryPriority) -> Int? {
    guard let daily else { return nil }
    let share = max(1, daily / 10)
    switch priority {
    case .alert, .ordinary: return daily
    case .own: return share
    // The last quarter is for the digests that tell of what could not go one by one.
    case .report: return max(1, share * 3 / 4)
    }
  }
}

/// Who goes first when not everything may go.
package enum DeliveryPriority: Int, Hashable, Sendable, Comparable {
  /// Tells that the relay is in trouble; before everything else.
  case alert
  /// Mail of the site.
  case ordinary
  /// Digests, summaries and bounces of ours.
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

  /// Whether it goes from what ordinary mail leaves.
  package var isFromTheRest: Bool { self > .ordinary }
}
