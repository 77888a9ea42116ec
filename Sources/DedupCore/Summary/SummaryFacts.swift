/// What a summary is made of: everything that happened in one period.
package struct SummaryFacts: Hashable, Sendable {
  package var period: SummaryPeriod
  /// The site it is about, by name; nil: all that the reader may see.
  package var site: String?
  /// Whether it is about some sites only: then `totals` has no other mail.
  package var isPartial = false
  /// Counts of the period.
  package var totals: Totals
  /// Mail that may have been an error report and could not be read as one, by reason, most first.
  package var doubts: [Doubt] = []
  /// Of the mail that was held back, what may have been an error report.
  package var heldDoubts = 0
  /// What there was no room for.
  package var dropped = Dropped()
  /// The errors to list, as `SummaryRanking` chose and sorted them.
  package var errors: [ErrorFacts]
  /// How many errors there are of each standing, the ones listed included; silenced ones are not.
  package var standings: [Standing: Share] = [:]
  /// The errors that rules of the admin silence.
  package var silenced = Share()
  /// Arrivals of all errors over the period, as `ErrorFacts.cells`.
  package var cells: [Int] = []
  /// How many hours one cell stands for.
  package var hoursPerCell = 1
  /// Those that end within the next period.
  package var silences: [SilenceFacts] = []
  package var queue: QueueStatus
  /// What the next hop said last about a mail that waits; nil: nothing yet.
  package var lastFailure: String?
  /// Mails that were found damaged and are not sent.
  package var damaged = 0
  /// Nil when nobody can tell: the daemon is down.
  package var health: RelayHealth?

  package init(period: SummaryPeriod, totals: Totals, errors: [ErrorFacts] = [], queue: QueueStatus = QueueStatus()) {
    self.period = period
    self.totals = totals
    self.errors = errors
    self.queue = queue
  }

  /// Whether there is nothing to tell: no error, no doubt, no silence that ends, no trouble with delivery.
  package var isQuiet: Bool {
    totals.forwarded <= 0 && totals.suppressed <= 0 && totals.doubtful <= 0 && silences.isEmpty
      && !SummaryRelay.lines(self, clock: SummaryClock(utcOffsetMinutes: 0)).contains(where: \.isTrouble)
  }

  /// What was forgotten or filed elsewhere, so that nobody fills the store (`SiteBounds`, `DoubtKey`).
  package struct Dropped: Hashable, Sendable {
    /// Errors that were forgotten.
    package var errors = 0
    /// Kept doubts that were removed.
    package var doubts = 0
    /// New errors of new sites that are filed under the site for such.
    package var joined = 0

    package init() {}
  }

  /// Errors, and the mails that arrived of them.
  package struct Share: Hashable, Sendable {
    package var errors: Int
    package var arrivals: Int

    package init(errors: Int = 0, arrivals: Int = 0) {
      self.errors = errors
      self.arrivals = arrivals
    }

    /// Saturates.
    mutating func add(_ arrivals: Int) {
      errors = errors.saturatingAdding(1)
      self.arrivals = self.arrivals.saturatingAdding(arrivals)
    }
  }

  package struct Doubt: Hashable, Sendable {
    /// The word that the log shows.
    package var reason: String
    package var mails: Int

    package init(reason: String, mails: Int) {
      self.reason = reason
      self.mails = mails
    }

    /// The recogniser's own, e.g. `truncated-report`.
    var word: String { reason.hasPrefix("doubt/") ? String(reason.dropFirst(6)) : reason }
  }
}

/// One error of the period, all its sites together.
package struct ErrorFacts: Hashable, Sendable {
  /// `version:digest`.
  package var fingerprint: String
  package var standing: Standing
  /// The most arrivals first.
  package var sites: [SiteCounts]
  package var title: String
  package var place: String
  /// Arrivals over the period, oldest first, at most `cellLimit`.
  package var cells: [Int]
  /// How its variants in all sites differ.
  package var variants = VariantSpread()

  /// So many bars fit a telephone.
  package static let cellLimit = 48

  package init(
    fingerprint: String, standing: Standing, sites: [SiteCounts], title: String = "", place: String = "",
    cells: [Int] = []
  ) {
    self.fingerprint = fingerprint
    self.standing = standing
    self.sites = sites
    self.title = title
    self.place = place
    self.cells = cells
  }

  package var arrivals: Int { sites.map(\.arrivals).sumOfCounts() }
}

/// A silence of the admin that ends soon.
package struct SilenceFacts: Hashable, Sendable {
  /// What it silences, for people.
  package var scope: String
  package var author: String
  package var reason: String
  package var endsAt: Timestamp
  /// Mails that it held back so far.
  package var held: Int

  package init(scope: String, author: String, reason: String, endsAt: Timestamp, held: Int) {
    self.scope = scope
    self.author = author
    self.reason = reason
    self.endsAt = endsAt
    self.held = held
  }
}

/// How the relay itself does, beyond its queue.
package struct RelayHealth: Hashable, Sendable {
  /// Mails in the emergency spool: the database did not take them yet.
  package var spoolWaiting: Int
  /// Mails that no disk took and the next hop did not either, since the start: their senders were told to try again.
  package var refused: Int
  /// Where databases are that were set aside and not removed since.
  package var setAside: [String]

  package init(spoolWaiting: Int = 0, refused: Int = 0, setAside: [String] = []) {
    self.spoolWaiting = spoolWaiting
    self.refused = refused
    self.setAside = setAside
  }
}
