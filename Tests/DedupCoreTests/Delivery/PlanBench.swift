import DedupCore
import MailMessage
import MailTestKit

/// A plan with its surroundings: what it asks for is written down in short words.
struct PlanBench {
  var plan = DeliveryPlan()
  var now = Duration.zero
  var most = 20
  var admission = Admission.open
  /// What is due, oldest first.
  var due: [QueueEntry] = []
  var nextDue: Duration?
  var delivering: [QueueID] = []
  /// The routes that entries go by; nil: there are none.
  var route: ((QueueEntry) -> String)?

  /// Does what the plan wants until it waits, and returns that.
  mutating func run() -> [String] {
    var steps: [String] = []
    while steps.count < 100 {
      switch plan.next(at: now, .init(most: most, admission: admission)) {
      case .read(let reading):
        steps.append("read \(reading)")
        read(reading)
      case .deliver(let next):
        steps.append("deliver \(next.entry.id.rawValue)")
        delivering.append(next.entry.id)
      case .look: steps.append("look")
      case .wait(let time): return steps + [time.map { "wait \($0.inMilliseconds)" } ?? "wait"]
      case .finish: return steps + ["finish"]
      }
    }
    return steps
  }

  private mutating func read(_ reading: DeliveryPlan.Reading) {
    let excluded = plan.excluded(for: reading)
    let found = due.filter { entry in
      !excluded.contains(entry.id) && (reading != .rerouted || entry.reroutedTo != nil)
    }.prefix(DeliveryPlan.lookahead)
    plan.read(
      reading, found.reversed().map(candidate), nextDue: nextDue, transactions: 1)
  }

  private func candidate(_ entry: QueueEntry) -> DeliveryPlan.Candidate {
    var candidate = DeliveryPlan.Candidate(entry: entry, message: nil, changes: 0)
    candidate.route = route?(entry)
    return candidate
  }

  /// A mail that comes in, and what is done then.
  mutating func arrive(_ entry: QueueEntry) -> [String] {
    due.append(entry)
    plan.arrived([candidate(entry)])
    return run()
  }

  /// Begins what there is a place for, and lets it hang for 1.5 s.
  mutating func hang() {
    _ = run()
    now = .milliseconds(1500)
  }

  mutating func end(
    _ number: Int64, _ end: DeliveryPlan.End = .settled, isThrottled: Bool = false, slowed: MailScope? = nil
  ) {
    let id = QueueID(rawValue: number)
    plan.tried(
      id, delivered: end == .settled && !isThrottled, isThrottled: isThrottled, slowed: slowed, at: now, most: most)
    if end == .settled { due.removeAll { $0.id == id } }
    plan.recorded(id, end, at: now)
  }
}

extension QueueEntry {
  static func due(
    _ number: Int64, to host: Smarthost? = nil, _ kind: QueueEntry.Kind = .pass, domain: String = "customer.example"
  ) -> QueueEntry {
    var entry = QueueEntry.fixture()
    (entry.id, entry.reroutedTo, entry.kind) = (QueueID(rawValue: number), host, kind)
    entry.recipients = [EmailAddress("u\(number)@\(domain)")]
    return entry
  }
}

extension Duration {
  var inMilliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
