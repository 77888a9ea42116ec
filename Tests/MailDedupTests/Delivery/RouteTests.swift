import DedupConfig
import DedupCore
import MailMessage
import MailTestKit
import NIOPosix
import SMTPServer
import Synchronization
import Testing

@testable import MailDedup

/// Takes everything and remembers the envelopes.
final class RecordingTransport: Transport {
  /// What it reports of its host; nil: nothing.
  let reported = Live<HostReport?>(nil)
  let nextHop: String
  private let outcome: DeliveryOutcome
  private let isClosed: Bool
  private let taken = Mutex<[(envelope: Envelope, message: Message)]>([])

  /// - Parameter isClosed: True if no host was asked, so that the outcome is no attempt.
  init(_ nextHop: String, outcome: DeliveryOutcome = .delivered(reply: "250 ok"), isClosed: Bool = false) {
    self.nextHop = nextHop
    self.outcome = outcome
    self.isClosed = isClosed
  }

  var envelopes: [Envelope] { taken.withLock { $0.map(\.envelope) } }
  var messages: [Message] { taken.withLock { $0.map(\.message) } }

  func deliver(_ envelope: Envelope, message: Message, id: QueueID) async -> DeliveryResult {
    taken.withLock { $0.append((envelope, message)) }
    var result = DeliveryResult(envelope.recipients.map { _ in outcome }, nextHop: nextHop)
    (result.wasOffered, result.awaitsNextHop) = (!isClosed, isClosed)
    return result
  }

  func probe() async -> [Probe] { [] }

  func hostReports() async -> [HostReport] { [reported.value].compactMap { $0 } }
}

/// What is known of the hosts of rerouted mail.
@Suite struct ReroutedHostTests {
  private static func report(_ host: String, fails: Bool) -> HostReport {
    let failure = HostFailure(.unreachable, "\(host) refuses", isProvenByConnection: true)
    return HostReport(
      smarthost: Smarthost(host: host, port: 25), failure: fails ? failure : nil, failsFor: nil, nextLook: nil,
      limits: HostLimits(connections: 1, mailsPerConnection: 1, recipientsPerTransaction: 1), connections: 0)
  }

  @Test(
    "a host that rerouted mail waits for is reported like the others, as long as mail waits for it",
    arguments: [
      (["b"], [("a", nil), ("b", "b refuses")], "the new host is down"),
      ([], [("a", nil)], "no mail waits for it any more"),
      (["c"], [("a", nil)], "it was never tried"),
      (["a"], [("a", "rerouted mail: a refuses")], "rerouted to a host of the configuration, without its login"),
    ] as [([String], [(String, String?)], Comment)])
  func reports(rerouted: [String], expected: [(String, String?)], why: Comment) async {
    let main = RecordingTransport("a:25")
    main.reported.adopt(Self.report("a", fails: false))
    var destinations = Destinations(main)
    destinations.sideways = SideRoutes { smarthost in
      let transport = RecordingTransport(smarthost.description)
      transport.reported.adopt(Self.report(smarthost.host, fails: true))
      return transport
    }
    for host in ["a", "b"] { _ = destinations.sideways.transport(to: Smarthost(host: host, port: 25)) }
    let found = await destinations.hostReports(rerouted: rerouted.map { Smarthost(host: $0, port: 25) })
    #expect(found.map(\.smarthost.host) == expected.map(\.0), why)
    #expect(found.map(\.failure?.reason) == expected.map(\.1), why)
  }
}

private func entry(
  _ recipients: [String], sender: String = "root@localhost", kind: QueueEntry.Kind = .pass
) -> QueueEntry {
  let now = Timestamp(seconds: 1_795_356_185)
  return QueueEntry(
    id: QueueID(rawValue: 7), sender: EmailAddress(sender), recipients: recipients.map { EmailAddress($0) },
    body: .unspecified, usesSMTPUTF8: false, size: 1, queuedAt: now, attempts: 2, nextAttempt: now, lastFailure: "451",
    kind: kind, delayNotified: false)
}

struct RouteTests {
  private let main = RecordingTransport("main:25")
  private let partner = RecordingTransport("partner:25", outcome: .rejected(reason: "550 no", status: "5.1.1"))
  private let errors = RecordingTransport("errors:25")

  private func destinations() throws -> Destinations {
    var destinations = Destinations(main)
    var toPartner = Route(partner)
    toPartner.selector = RouteSelector()
    toPartner.selector?.recipients = [try Glob("*@partner.example")]
    var ofErrors = Route(errors)
    ofErrors.selector = RouteSelector()
    ofErrors.selector?.kinds = [.reports]
    ofErrors.rewrite = SenderRewrite(address: EmailAddress("errors@example.org"), senders: [try Glob("*")])
    destinations.routes = [toPartner, ofErrors]
    return destinations
  }

  @Test("a probe asks with the sender that the way puts in the place of the mail's")
  func probeOverWay() throws {
    let destinations = try destinations()
    let errors = try #require(destinations.routes.last)
    let addressed = ProbeQuestion(sender: EmailAddress("root@localhost"))
    #expect(addressed.over(errors).sender?.text == "errors@example.org")
    #expect(ProbeQuestion().over(errors).sender?.text == "errors@example.org")
    #expect(
      addressed.over(destinations.main) == addressed && ProbeQuestion().over(destinations.main) == ProbeQuestion())
  }

  @Test("a mail to recipients of several routes is split, and each recipient has its own fate")
  func splits() async throws {
    let departing = Departing()
    let mail = entry(["a@shop.example", "b@partner.example", "c@shop.example"])
    let departure = await departing.depart(Message([]), of: mail, over: try destinations())
    #expect(main.envelopes.map { $0.recipients.map(\.text) } == [["a@shop.example", "c@shop.example"]])
    #expect(partner.envelopes.map { $0.recipients.map(\.text) } == [["b@partner.example"]])
    #expect(
      departure.result.outcomes == [
        .delivered(reply: "250 ok"), .rejected(reason: "550 no", status: "5.1.1"), .delivered(reply: "250 ok"),
      ])
    #expect(departure.result.nextHop == "partner:25, main:25" && departure.offered == [0, 1, 2])
  }

  @Test("the routes of a configuration keep their names, and take the mail that they select")
  func configured() throws {
    var configuration = Configuration()
    configuration.delivery.smarthosts = [Smarthost(host: "main.example", port: 25)]
    var route = Configuration.Route(name: "partner")
    route.selector.recipients = [try Glob("*@partner.example")]
    route.smarthosts = [Smarthost(host: "mx.partner.example", port: 25)]
    configuration.routes = [route]
    let destinations = try Destinations(
      configuration, largeMessages: MemoryMessages(), hostname: "us.example",
      group: MultiThreadedEventLoopGroup.singleton, logger: .quiet)
    let mail = entry(["a@shop.example", "b@partner.example"])
    let parts = destinations.parts(of: mail).map { "\($0.route.name ?? "main") \($0.recipients)" }
    #expect(parts == ["partner [1]", "main [0]"])
    #expect(destinations.routes.map(\.nextHops) == [["mx.partner.example:25"]])
  }

  struct Split: Sendable, CustomTestStringConvertible {
    let main: DeliveryOutcome
    let attempts: Int
    let remaining: [String]
    let isDue: Bool
    let shows: String
    var testDescription: String { shows }
  }

  static let halves = [
    Split(
      main: .delivered(reply: "250 ok"), attempts: 2, remaining: ["b@partner.example"], isDue: true,
      shows: "the part that was not offered costs no try beside one that was delivered, and stays due"),
    Split(
      main: .rejected(reason: "550 no", status: nil), attempts: 2, remaining: ["b@partner.example"], isDue: true,
      shows: "nor beside one that was rejected"),
    Split(
      main: .deferred(reason: "451 later"), attempts: 3, remaining: ["a@shop.example", "b@partner.example"],
      isDue: false, shows: "beside one that was deferred, the mail was tried"),
  ]

  @Test("a mail over two routes of which one is down", arguments: halves)
  func splitOverClosedRoute(_ example: Split) async throws {
    var destinations = Destinations(RecordingTransport("main:25", outcome: example.main))
    var toPartner = Route(RecordingTransport("partner:25", outcome: .deferred(reason: "down"), isClosed: true))
    toPartner.selector = RouteSelector()
    toPartner.selector?.recipients = [try Glob("*@partner.example")]
    destinations.routes = [toPartner]
    let mail = entry(["a@shop.example", "b@partner.example"])
    let departure = await Departing().depart(Message([]), of: mail, over: destinations)
    let now = mail.queuedAt.advanced(by: .seconds(1))
    let settlement = RetryPolicy().settle(
      mail, DeliveryAttempt(entry: mail.id, at: now, departure.result), random: 0)
    #expect(settlement.attempts == example.attempts && settlement.remaining.map(\.text) == example.remaining)
    #expect((settlement.nextAttempt <= now) == example.isDue)
    #expect(departure.result.awaitsNextHop == example.isDue)
  }

  @Test("a report goes by its kind, from the sender of its route; the first route that matches takes a recipient")
  func byKind() async throws {
    let mail = entry(["ops@shop.example", "ops@partner.example"], kind: .report)
    _ = await Departing().depart(Message([]), of: mail, over: try destinations())
    #expect(errors.envelopes.map(\.sender.text) == ["errors@example.org"])
    #expect(partner.envelopes.map(\.sender.text) == ["root@localhost"])
    #expect(main.envelopes.isEmpty)
  }

  @Test("what is handed on without the queue takes the same routes")
  func cutThrough() async throws {
    let mail = entry(["ops@shop.example"], kind: .report)
    let result = await (try destinations()).deliver(mail.envelope, mail.kind, message: Message([]), id: mail.id)
    #expect(result.outcomes == [.delivered(reply: "250 ok")] && errors.envelopes.count == 1)
  }

  @Test("what is beyond the limits is not offered, and keeps its tries and its last failure")
  func limits() async throws {
    var destinations = Destinations(main)
    (destinations.main.limits, destinations.main.nextHops) = (
      DeliveryLimits(rate: DeliveryRate(3, per: .minute)), ["main:25"]
    )
    let departing = Departing()
    let first = await departing.depart(Message([]), of: entry(["a@b", "c@d", "e@f", "g@h"]), over: destinations)
    #expect(first.offered == [0, 1, 2] && first.departures.map(\.total) == [3])
    var settlement = RetryPolicy().settle(
      entry(["a@b", "c@d", "e@f", "g@h"]),
      DeliveryAttempt(entry: QueueID(rawValue: 7), at: Timestamp(seconds: 1_795_356_185), first.result), random: 0)
    first.adjust(&settlement, of: entry(["a@b", "c@d", "e@f", "g@h"]))
    #expect(settlement.remaining.map(\.text) == ["g@h"] && settlement.attempts == 2 && settlement.pacedBy == "3/min")
    #expect(settlement.lastFailure == "451")
    let second = await departing.depart(Message([]), of: entry(["x@y"]), over: destinations)
    #expect(second.offered.isEmpty && second.wait != nil && main.envelopes.count == 1)
  }

  @Test("what was not taken for now gives its place back")
  func deferred() async throws {
    let busy = RecordingTransport("main:25", outcome: .deferred(reason: "451"))
    var destinations = Destinations(busy)
    (destinations.main.limits, destinations.main.nextHops) = (DeliveryLimits(daily: 1), ["main:25"])
    let departing = Departing()
    for _ in 0..<3 { _ = await departing.depart(Message([]), of: entry(["a@b"]), over: destinations) }
    #expect(busy.envelopes.count == 3)
  }
}
