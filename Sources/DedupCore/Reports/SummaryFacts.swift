/// The facts that a summary is made of: everything that happened in one period.
package struct SummaryFacts: Hashable, Sendable {
  package var period: SummaryPeriod
  /// The name of the site that the summary is about, or nil for all sites that the reader may see.
  package var site: String?
  /// True if the summary is about some sites only. Then `totals` includes no other mail.
  package var isPartial = false
  /// The counts of the period.
  package var totals: Totals
  /// The mails that may have been error reports but could not be read as such, by reason, the largest number first.
  package var doubts: [Doubt] = []
  /// The number of held-back mails that may have been error reports.
  package var heldDoubts = 0
  /// The data that was dropped for lack of room.
  package var dropped = Dropped()
  /// The errors to list, as `SummaryRanking` selected and sorted them.
  package var errors: [ErrorFacts]
  /// The number of errors of each standing, including the listed ones but not the silenced ones.
  package var standings: [Standing: Share] = [:]
  /// The errors that rules of the admin silence.
  package var silenced = Share()
  /// The arrivals of all errors over the period, in the cells of `ErrorFacts.cells`.
  package var cells: [Int] = []
  /// The number of hours that one cell covers.
  package var hoursPerCell = 1
  /// The silences that end within the next period.
  package var silences: [SilenceFacts] = []
  package var queue: QueueStatus
  /// The last reply of the next hop about a mail that waits, or nil if there was none.
  package var lastFailure: String?
  /// The number of mails that were found damaged and are not sent.
  package var damaged = 0
  /// The health of the relay, or nil if it is not known because the daemon is down.
  package var health: RelayHealth?

  package init(period: SummaryPeriod, totals: Totals, errors: [ErrorFacts] = [], queue: QueueStatus = QueueStatus()) {
    self.period = period
    self.totals = totals
    self.errors = errors
    self.queue = queue
  }

  /// The counts of data that was dropped or filed elsewhere, so that no sender can fill the store (`SiteBounds`,
  /// `DoubtKey`).
  package struct Dropped: Hashable, Sendable {
    /// The number of errors that were dropped.
    package var errors = 0
    /// The number of kept doubts that were removed.
    package var doubts = 0
    /// The number of new errors of new sites that are filed under the site that stands for sites that joined.
    package var joined = 0

    package init() {}
  }

  /// A number of errors and the number of mails that arrived of them.
  package struct Share: Hashable, Sendable {
    package var errors: Int
    package var arrivals: Int

    package init(errors: Int = 0, arrivals: Int = 0) {
      self.errors = errors
      self.arrivals = arrivals
    }

    /// Adds one error with its arrivals, saturating.
    mutating func add(_ arrivals: Int) {
      errors = errors.saturatingAdding(1)
      self.arrivals = self.arrivals.saturatingAdding(arrivals)
    }
  }

  package struct Doubt: Hashable, Sendable {
    /// The reason in the word that the log shows.
    package var reason: String
    package var mails: Int

    package init(reason: String, mails: Int) {
      self.reason = reason
      self.mails = mails
    }
  }
}

/// One error of the period, in all its sites together.
package struct ErrorFacts: Hashable, Sendable {
  /// The fingerprint, `version:digest`.
  package var fingerprint: String
  package var standing: Standing
  /// The counts by site, the most arrivals first.
  package var sites: [SiteCounts]
  package var title: String
  package var place: String
  /// The arrivals over the period, oldest first, in at most `cellLimit` cells.
  package var cells: [Int]
  /// The number of different texts and places among its variants in all sites.
  package var variants = VariantSpread()

  /// The largest number of cells: as many bars fit on the screen of a phone.
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
  /// The description of what it silences, for display.
  package var scope: String
  package var author: String
  package var reason: String
  package var endsAt: Timestamp
  /// The number of mails that the silence has held back so far.
  package var held: Int

  package init(scope: String, author: String, reason: String, endsAt: Timestamp, held: Int) {
    self.scope = scope
    self.author = author
    self.reason = reason
    self.endsAt = endsAt
    self.held = held
  }
}

/// The health of the relay itself, apart from its queue.
package struct RelayHealth: Hashable, Sendable {
  /// The number of mails in the emergency spool, which the database has not accepted yet.
  package var spoolWaiting: Int
  /// The number of mails since the start that neither a disk nor the next hop accepted. Their senders were told to try
  /// again.
  package var refused: Int
  /// The paths of databases that were set aside and have not been removed since.
  package var setAside: [String]

  package init(spoolWaiting: Int = 0, refused: Int = 0, setAside: [String] = []) {
    self.spoolWaiting = spoolWaiting
    self.refused = refused
    self.setAside = setAside
  }
}
