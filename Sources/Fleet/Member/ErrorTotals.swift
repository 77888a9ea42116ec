/// The cumulative totals of one error in one store.
package struct ErrorTotals: Hashable, Sendable {
  /// The name that tells the totals from those of other stores, and from those of an earlier row of the same error.
  package var source: String
  /// The mails ever seen, those of them that were held back, and those before the current episode.
  package var mails: Int
  package var heldBack: Int
  package var before: Int

  package init(source: String, mails: Int, heldBack: Int, before: Int) {
    (self.source, self.mails, self.heldBack, self.before) = (source, mails, heldBack, before)
  }

  var arguments: [String] { [source, "\(mails)", "\(heldBack)", "\(before)"] }
}

/// An error as a relay pushes it to the engine.
package struct PushedError: Hashable, Sendable {
  /// The name of the error in the fleet, equal at all relays.
  package var error: String
  package var totals: ErrorTotals
  /// The facts that are shown of it, as JSON of at most `mostInfo` octets; empty: nothing.
  package var info: String

  /// The most octets of what is shown of an error.
  static let mostInfo = 2048

  package init(error: String, totals: ErrorTotals, info: String) {
    (self.error, self.totals) = (error, totals)
    self.info = info.utf8.count <= Self.mostInfo ? info : ""
  }
}

/// An error as the engine knows it.
package struct FleetError: Sendable {
  package var error: String
  package var mails = 0
  package var heldBack = 0
  package var stores = 0
  /// The mails, and those held back, by the source of the totals (`ErrorTotals.source`).
  package var counts: [String: (mails: Int, heldBack: Int)] = [:]
  /// The facts that a relay pushed to be shown, as JSON.
  package var info: String?

  init(error: String, _ pairs: [(name: String, value: RESPValue)]) {
    self.error = error
    for (name, value) in pairs {
      let number = Int(clamping: value.number ?? 0)
      switch name.prefix(2) {
      case "t:":
        counts[String(name.dropFirst(2)), default: (0, 0)].mails = number
        (mails, stores) = (mails.addingReportingOverflow(number).partialValue, stores + 1)
      case "s:":
        counts[String(name.dropFirst(2)), default: (0, 0)].heldBack = number
        heldBack = heldBack.addingReportingOverflow(number).partialValue
      case "i": info = value.text
      default: break
      }
    }
  }
}

/// A relay as the engine knows it.
package struct FleetRelay: Hashable, Sendable {
  package var store: String
  /// The time since it was seen, by the engine's clock.
  package var seen: Duration
  /// The facts that it states about itself, as JSON.
  package var info: String
}
