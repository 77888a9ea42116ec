import ControlAPI
import DedupCore
import Foundation
import MailMessage
import MailTestKit
import NIOCore
import NIOPosix
import RelayMail
import Synchronization
import Testing

/// Asks a real server on a real Unix socket what a client can ask, and compares with what the store says directly.
@Suite struct ControlAPITests {
  private let direct = StoredState(reader: FixedStore(), now: { FixedStore.now }) { _ in
    SummaryBuilder(hostname: "relay.example")
  }

  private func withServer(
    tcp: ControlServer.TCPListener? = nil, _ body: (ControlClient, String) async throws -> Void
  ) async throws { try await runServer(of: direct, tcp: tcp, body) }

  @Test("FINDS R8: a file at the path of the socket is left alone, and so is a relay that answers there")
  func othersAreLeftAlone() async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("precious", to: "notes")
    #expect(throws: (any Error).self) { try ControlServer.prepare(path) }
    await #expect(throws: (any Error).self) { try await server(at: path).run() }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    try await withServer { client, socket in
      #expect(throws: (any Error).self) { try ControlServer.prepare(socket) }
      await #expect(throws: (any Error).self) { try await server(at: socket).run() }
      _ = try await client.status()
    }
  }

  @Test("FINDS R8: in the end the socket is removed, and what took its place is not")
  func onlyOurOwnIsRemoved() async throws {
    let gone = Mutex("")
    try await withServer { _, socket in gone.withLock { $0 = socket } }
    #expect(!FileManager.default.fileExists(atPath: gone.withLock { $0 }))
    let folder = try TemporaryFolder()
    let path = folder.file("c.sock")
    let (ready, signal) = AsyncStream<Void>.makeStream()
    let server = server(at: path) { signal.finish() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      for await _ in ready {}
      try FileManager.default.removeItem(atPath: path)
      try "theirs".write(toFile: path, atomically: true, encoding: .utf8)
      group.cancelAll()
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "theirs")
  }

  @Test("clients that come just as the server ends do not end the process with it")
  func comingAtTheEnd() async throws {
    let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    for _ in 0..<60 {
      try await withServer { _, socket in
        // The server is cancelled while it accepts them.
        for _ in 0..<8 { bootstrap.connect(unixDomainSocketPath: socket).whenSuccess { $0.close(promise: nil) } }
      }
    }
  }

  @Test("a port that somebody else has ends neither the server nor its socket")
  func takenPort() async throws {
    let other = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0)
      .get()
    let port = try #require(other.localAddress?.port)
    try await withServer(tcp: .init(host: "127.0.0.1", port: port, token: "t")) { client, _ in
      for _ in 0..<3 { _ = try await client.status() }
    }
    try await other.close()
  }

  private func server(at path: String, onReady: @escaping @Sendable () -> Void = {}) -> ControlServer {
    ControlServer(
      service: direct, socket: path, group: MultiThreadedEventLoopGroup.singleton,
      logger: .quiet, onReady: onReady)
  }

  @Test("what the client reads over the socket is what the store says")
  func sameAnswers() async throws {
    try await withServer { client, _ in
      let (status, expectedStatus) = (try await client.status(), try await direct.status())
      #expect(status == expectedStatus)
      let (errors, expectedErrors) = (
        try await client.errors(all: true, limit: 10), try await direct.errors(all: true, limit: 10)
      )
      #expect(errors == expectedErrors)
      let limited = try await client.errors(all: true, limit: 1)
      #expect(limited == Array(expectedErrors.prefix(1)))
      let filtered = try await client.errors(
        FingerprintQuery(site: "staging.settings", since: FixedStore.now, sort: .rate, isReversed: true))
      #expect(filtered == Array(expectedErrors.suffix(1)))
      let (page, expectedPage) = (
        try await client.export(after: 0, limit: 1), try await direct.export(after: 0, limit: 1)
      )
      #expect(page == expectedPage && page.next == 0)
      let (groupings, expectedGroupings) = (try await client.groupings(), try await direct.groupings())
      #expect(groupings == expectedGroupings && groupings.first?.members.first?.id == "01234567")
      let (sums, expectedSums) = (try await client.statistics(days: 3), try await direct.statistics(days: 3))
      #expect(sums == expectedSums && sums.errors == 3)
      let (detail, expectedDetail) = (try await client.error(id: "0123"), try await direct.error(id: "0123"))
      #expect(detail == expectedDetail)
      let (queue, expectedQueue) = (try await client.queue(limit: 5), try await direct.queue(limit: 5))
      #expect(queue == expectedQueue)
      let none = try await client.queue(QueueFilter(kind: .pass, sender: "*&ü?"))
      #expect(none.isEmpty)
      let id = FixedStore.entry.id.description
      let (mail, expectedMail) = (
        try await client.queued(id: id, octets: 9), try await direct.queued(id: id, octets: 9)
      )
      #expect(mail == expectedMail && mail.first?.message == "Subject: y\r\n")
      for all in [false, true] {
        let (silences, expected) = (try await client.silences(all: all), try await direct.silences(all: all))
        #expect(silences == expected && silences.first?.scope == "title A*, site shop")
        #expect(silences.first?.endedBy == (all ? "rate" : nil))
      }
    }
  }

  @Test(
    "an id in the path reaches the daemon as it was given, with colon and all",
    arguments: ["0123", "1:0123456789abcdef"])
  func idInThePath(id: String) async throws {
    try await withServer { client, _ in
      let found = try await client.error(id: id)
      #expect(found.count == 1)
    }
  }

  @Test("an id that names nothing, or is no id at all, finds nothing", arguments: ["ffff", "../status", "", "01 23"])
  func unknownID(id: String) async throws {
    try await withServer { client, _ in
      let found = try await client.error(id: id)
      #expect(found.isEmpty)
    }
  }

  @Test(
    "a change applies to the mails that are there; an id that is gone is named, and only fails where none is left",
    arguments: [
      ([FixedStore.entry.id.description, "ZZZZ"], ["ZZZZ"]), ([FixedStore.entry.id.description], []),
      (["ZZZZ", "YYYY"], nil),
    ] as [([String], [String]?)])
  func selection(ids: [String], missing: [String]?) async throws {
    let request = QueueChangeRequest(ids: ids, all: false)
    guard let missing else {
      await #expect(throws: ControlProblem.self) { try await direct.selection(request) }
      return
    }
    let selected = try await direct.selection(request)
    #expect(selected.mails == .ids([FixedStore.entry.id]) && selected.missing == missing)
  }

  @Test("a relay that is not ready says why")
  func notReady() async throws {
    try await withServer { client, _ in
      let obstacles = await client.obstacles()
      #expect(obstacles == ["the daemon is down"])
    }
  }

  @Test("a failure inside the daemon reaches the user in its own words")
  func problems() async throws {
    try await withServer { client, _ in
      await #expect(throws: ControlProblem("no facts here")) { try await client.previewSummary(SummaryRequest()) }
    }
  }

  @Test("days and site of a summary reach the daemon, whatever the name of the site is made of")
  func summaryOfASite() async throws {
    try await withServer { client, _ in
      let preview = try await client.previewSummary(SummaryRequest(days: 2, site: "shop & söhne?"))
      #expect(preview.subject == "[MailDedup] 2 days: shop & söhne?: All quiet")
      #expect(preview.text.contains("7 ordinary mails"))
      await #expect(
        throws: ControlProblem("no error mail of the site \"shop\" is known; there are: shop & söhne?", .nothingMatched)
      ) { try await client.previewSummary(SummaryRequest(site: "shop")) }
    }
  }

  @Test("only owner and group may open the socket")
  func permissions() async throws {
    try await withServer { _, socket in
      let mode = try FileManager.default.attributesOfItem(atPath: socket)[.posixPermissions] as? Int
      #expect(mode == 0o660)
    }
  }

  @Test("a daemon that is down is told from one that refuses")
  func unreachable() async throws {
    await #expect(throws: ControlClient.Unreachable.self) {
      try await ControlClient(socket: "/tmp/maildedup-nobody/control.sock").status()
    }
  }

  @Test("keys are in snake case and times in ISO 8601: programs rely on them")
  func json() async throws {
    let entry = try #require(try await direct.errors(all: true, limit: 1).first)
    let line = String(decoding: try ControlJSON.encode(entry), as: UTF8.self)
    #expect(
      line == """
        {"awaits_digest":false,"episode":{"beginning":"new","number":1,"started_at":"2026-11-22T14:02:05Z","total":100},\
        "error":"OperationalError: too many clients","fingerprint":"1:0123456789abcdef0123456789abcdef",\
        "first_seen":"2026-11-22T14:02:05Z","held_back":99,"hours":[0,100],"id":"01234567",\
        "is_silenced":false,"last_seen":"2026-11-22T14:03:05Z","passes_next":false,"place":"database slots exhausted",\
        "places":2,"recipients":[],"sender":"","site":"shop.settings","subject_prefix":"","suppressed":99,\
        "texts":3,"total":100,"window_end":"2026-11-22T15:03:05Z"}
        """)
  }
}
