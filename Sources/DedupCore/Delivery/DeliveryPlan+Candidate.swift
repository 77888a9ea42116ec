package import MailMessage

extension DeliveryPlan {
  /// An entry that is about to be tried.
  package struct Candidate: Sendable {
    package var entry: QueueEntry
    /// The message to send; nil if it is still in the store.
    package var message: Message?
    /// The value of the store's `queueChanges` when the entry was read.
    package var changes: Int
    /// True if the entry is not tried: its sender is only told about the delay or the failure, if that is due.
    var isOnlyToldOf = false
    /// The name of the route of the entry; nil if there are no routes.
    package var route: String?
    package let parties: MailParties

    package init(entry: QueueEntry, message: Message?, changes: Int) {
      self.entry = entry
      self.message = message
      self.changes = changes
      parties = MailParties(sender: entry.sender, domains: entry.domains)
    }

    var domains: Set<String> { parties.domains }

    var goesItsOwnWay: Bool { entry.reroutedTo != nil || isOnlyToldOf }

    var isOrdinary: Bool { entry.kind == .pass || entry.kind == .alert }
  }

  /// An entry that is under way.
  struct Trip: Sendable {
    var startedAt: Duration
    /// True while the transport has the entry.
    var isTrying = true
    var isTrial = false
    var isOrdinary = true
    /// True if deliveries to its domain, or by its route, were hanging when it began.
    var isAmongSlow = false
    /// True if, with this mail, as many were under way as are allowed.
    var fillsUp = false
    /// True if the mail goes at the pace of its next hop, and tells of it.
    var isPaced = true
    var recipients: [EmailAddress] = []
    var parties: MailParties
    var route: String?
  }
}
