import DedupCore
import Foundation
import MailMessage
import RelayMail
import Testing

@testable import ControlAPI

/// A question or an order, put to any service.
struct Asking: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let ask: @Sendable (any ControlService) async throws -> any Encodable & Sendable

  init(
    _ sentence: String, _ ask: @escaping @Sendable (any ControlService) async throws -> any Encodable & Sendable
  ) { (testDescription, self.ask) = (sentence, ask) }

  private static let shop = ErrorSelector(id: "0123abcd", site: "shop & söhne?")

  static let questions: [Asking] = [
    Asking("errors, with every option") {
      try await $0.errors(
        FingerprintQuery(
          includesUnsuppressed: true, site: "shop & söhne?", since: Timestamp(seconds: 1_795_000_000),
          firstSince: Timestamp(seconds: 1_795_000_001), rule: "scan=ners", onlySilenced: true, sort: .total,
          isReversed: true, limit: 3))
    },
    Asking("errors, without any") { try await $0.errors(FingerprintQuery()) },
    Asking("an error by its full fingerprint") { try await $0.error(id: "4:0123456789abcdef") },
    Asking("a page of the export") { try await $0.export(after: 4, limit: 9) },
    Asking("what was merged and split") { try await $0.groupings() },
    Asking("statistics") { try await $0.statistics(days: 30) },
    Asking("silences in effect") { try await $0.silences(all: false) },
    Asking("all silences") { try await $0.silences(all: true) },
    Asking("the queue, with every option") {
      try await $0.queue(QueueFilter(kind: .alert, state: .held, sender: "*@a?", recipient: "b c", limit: 2))
    },
    Asking("the queue, without any") { try await $0.queue(QueueFilter()) },
    Asking("a mail of the queue") { try await $0.queued(id: FixedStore.entry.id.description, octets: 512) },
    Asking("the status") { try await $0.status() },
    Asking("a summary of a site") { try await $0.previewSummary(SummaryRequest(days: 3, site: "a/b")) },
    Asking("the metrics") { try await $0.metrics() },
    Asking("what keeps the relay from mail") { await $0.obstacles() },
  ]

  static let orders: [Asking] =
    [
      Asking("let the next one through") { try await $0.passNext(shop) },
      Asking("send what is kept") {
        try await $0.sendCopies(CopyRequest(selector: shop, last: 3, to: ["a@b.example"]))
      },
      Asking("say that it is fixed") { try await $0.resolve(ErrorSelector(id: "0123")) },
      Asking("merge") { try await $0.merge(MergeRequest(ids: ["01", "02"], into: shop)) },
      Asking("split") { try await $0.split(shop) },
      Asking("remove what is kept") {
        try await $0.purge(PurgeRequest(ids: ["01"], site: "shop", all: false, olderThan: 60, isTrial: true))
      },
      Asking("silence") {
        var request = SilenceRequest(author: "ann", reason: "\"deploy\"\n")
        (request.selector, request.seconds) = (shop, 3600)
        return try await $0.silence(request)
      },
      Asking("end a silence, by name") { try await $0.endSilence(3, author: "ann & bob") },
      Asking("end a silence") { try await $0.endSilence(3, author: nil) },
      Asking("try a host with a sender and a recipient") {
        try await $0.probe(ProbeRequest(to: "[::1]:25", sender: "a+b@c.example", recipient: "d@e.example"))
      },
      Asking("try the next hops") { try await $0.probe(ProbeRequest()) },
      Asking("send a summary") { try await $0.sendSummary(SummaryRequest(days: 7)) },
      Asking("read the configuration again") { try await $0.reload() },
      Asking("show the fleet") { try await $0.fleet(FleetRequest(limit: 5)) },
    ]
    + QueueVerb.allCases.map { verb in
      Asking("\(verb.rawValue) mails") {
        try await $0.change(verb, QueueChangeRequest(ids: ["AB", "CD"], all: false, to: "127.0.0.1:2525"))
      }
    }
}

@Suite struct OperationTests {
  private func json(_ answer: any Encodable) throws -> String {
    String(decoding: try ControlJSON.encode(answer), as: UTF8.self)
  }

  @Test(
    "what a client asks reaches the daemon as it was asked, and the answer comes back whole",
    arguments: Asking.questions + Asking.orders)
  func roundTrip(_ asking: Asking) async throws {
    let (near, far) = (NotedService(), NotedService())
    let expected = try json(await asking.ask(near))
    try await runServer(of: far) { client, _ in
      let seen = try json(await asking.ask(client))
      #expect(seen == expected)
    }
    #expect(far.asked == near.asked && near.asked.count == 1)
  }

  @Test("an order to a daemon that is down is refused with that reason", arguments: Asking.orders)
  func stopped(_ asking: Asking) async throws {
    let stored = StoredState(reader: FixedStore(), now: { FixedStore.now }) { _ in .init(hostname: "relay.example") }
    let problem = await #expect(throws: ControlProblem.self) { try await asking.ask(stored) }
    #expect(problem?.message.hasPrefix("the daemon is down; ") == true)
  }

  @Test("the table has a test for each of its operations")
  func complete() async throws {
    let noted = NotedService()
    for asking in Asking.questions + Asking.orders { _ = try await asking.ask(noted) }
    // Two of those asked are no operations but texts for monitors.
    let verbs = Set(noted.asked.compactMap { $0.split(separator: " ").first }).subtracting(["metrics", "obstacles"])
    #expect(verbs.count == Operations.all.count)
  }

  @Test(
    "a request that its path does not take is refused, and the message names what is wrong",
    arguments: [
      ("GET /v1/errors", ["sort": "colour"], "", "\"colour\" is no order of errors"),
      ("GET /v1/queue", ["state": "lost"], "", "\"lost\" is no state of a mail in the queue"),
      ("GET /v1/queue", ["kind": "spam"], "", "\"spam\" is no kind of a mail in the queue"),
      ("DELETE /v1/silences/{id}", [:], "", "\"x\" is not the number of a silence"),
      ("POST /v1/merge", [:], "{", "the request is not what this path takes"),
      ("POST /v1/purge", [:], "[]", "the request is not what this path takes"),
    ])
  func malformed(_ path: String, _ query: [String: String], _ body: String, _ message: String) async throws {
    let operation = try #require(Operations.all.first { "\($0.method.rawValue) \($0.path)" == path })
    let values = RequestValues(id: "x") { query[$0] }
    let problem = await #expect(throws: ControlProblem.self) {
      try await operation.respond(NotedService(), values) { Data(body.utf8) }
    }
    #expect(problem?.kind == .malformed && problem?.message.hasPrefix(message) == true, "\(problem as Any)")
  }

  @Test("values that are left out, or are no numbers, have their defaults")
  func defaults() async throws {
    let noted = NotedService()
    for path in ["/v1/errors", "/v1/export", "/v1/statistics", "/v1/queue", "/v1/summary", "/v1/fleet", "/v1/silences"]
    {
      let operation = try #require(Operations.all.first { $0.path == path && $0.method == .get })
      _ = try await operation.respond(noted, RequestValues(id: "") { $0 == "limit" ? "many" : nil }) { Data() }
    }
    #expect(
      noted.asked == [
        "errors \(FingerprintQuery())", "export 0 500", "statistics 7", "queue \(QueueFilter())",
        "preview \(SummaryRequest())", "fleet \(FleetRequest())", "silences false",
      ])
  }
}
