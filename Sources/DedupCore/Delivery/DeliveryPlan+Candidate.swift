package import MailMessage

extension DeliveryPlan {
  /// An entry that is about to be tried.
  package struct Candidate: Sendable {
    package var entry: QueueEntry
    /// What is to be sent; nil when it is still in the store.
    package var message: Message?
    /// The store's `queueChanges` when they were read.
    package var changes: Int
    /// It is not to be tried, only to be told about if it is time for that.
    package var isOnlyToldOf = false
    /// The route that it goes by; nil where there is only one way.
    package var route: String?
    /// Of its recipients.
    package let domains: Set<String>

    package init(entry: QueueEntry, message: Message?, changes: Int) {
      self.entry = entry
      self.message = message
      self.changes = changes
      domains = entry.domains
    }

    var goesItsOwnWay: Bool { entry.reroutedTo != nil || isOnlyToldOf }

    var isOrdinary: Bool { entry.kind == .pass || entry.kind == .alert }
  }

  /// One that is on its way.
  struct Trip: Sendable {
    var startedAt: Duration
    /// The transport has it.
    var isTrying = true
    var isTrial = false
    var isOrdinary = true
    /// Others like it hung when it was begun.
    var isAmongSlow = false
    /// With it, as many were on their way as may be.
    var fillsUp = false
    var domains: Set<String> = []
    var route: String?
  }
}
