import DedupCore
import DedupStore
import Foundation
import HostSystem
import MailMessage
import MailTestKit
import SMTPProtocol
import Testing

@testable import MailDedup

/// With a full disk new errors are deduplicated, and counted where there is room.
@Suite(.timeLimit(.minutes(5))) struct DiskFullTests {
  private static let start = Timestamp(seconds: 1_795_356_185)
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func report(_ number: Int64, error: String = "aaaa1111") -> Submission {
    let envelope = Envelope(
      sender: EmailAddress("root@shop.example"), recipients: [EmailAddress("ops@shop.example")])
    let occurrence = Occurrence(
      site: Site(settingsModule: "shop.settings", subjectPrefix: nil, envelope: envelope), fingerprint: "v1:\(error)",
      variant: "", title: "Error", place: "shop/views.py")
    return Submission(
      id: QueueID(rawValue: number), receivedAt: Self.start.advanced(by: .seconds(number)), envelope: envelope,
      received: { Array("Received: x\r\n".utf8) }, message: Message(Array("Subject: y\r\n\r\nz\r\n".utf8)),
      judge: { .report(occurrence) })
  }

  private func take(_ net: SafetyNet, _ submission: Submission) async -> Reply {
    await withCheckedContinuation { done in
      net.take(submission, submission.judge(), because: StoreFailure(.diskFull, "no space")) {
        done.resume(returning: $0)
      }
    }
  }

  private func counting() throws -> DiskFullCounting {
    return DiskFullCounting(
      reserve: try CountReserve(directory: folder.path), policy: { WindowPolicy() }, logger: .quiet)
  }

  @Test(
    "the first mail of each error is handed on with our fields, the others are counted, and the counts are imported")
  func counts() async throws {
    let hop = RecordingTransport("hop:25")
    let counting = try counting()
    let net = SafetyNet(
      spool: EmergencySpool(directory: "/dev/null/spool"), counting: counting, destinations: Live(Destinations(hop)),
      logger: .quiet
    )
    for number in 1...20 {
      let reply = await take(net, report(Int64(number), error: number % 2 == 0 ? "aaaa1111" : "bbbb2222"))
      #expect(reply.code == 250 && reply.lines.joined().contains(number <= 2 ? "sent on" : "counted as"))
    }
    #expect(hop.envelopes.count == 2)
    #expect(net.counts == SafetyNet.Counts(cutThrough: 2, counted: 18))
    // A new process knows the windows.
    let again = DiskFullCounting(
      reserve: try CountReserve(directory: folder.path), policy: { WindowPolicy() }, logger: .quiet)
    let later = SafetyNet(
      spool: EmergencySpool(directory: "/dev/null/spool"), counting: again, destinations: Live(Destinations(hop)),
      logger: .quiet)
    #expect(await take(later, report(30)).lines.joined().contains("counted as"))

    let store = try SQLiteStore(
      directory: folder.path, policy: WindowPolicy(), explain: { _, _ in "" }, logger: .quiet, now: WallClock.now)
    defer { store.close() }
    let importer = SpoolImporter(
      spool: EmergencySpool(directory: folder.file("spool")), store: store, reserve: again.reserve,
      judge: { _ in .pass(reason: "tested") }, logger: .quiet)
    await importer.importCounts()
    let totals = try await store.totals()
    #expect(totals == Totals(forwarded: 2, suppressed: 19))
  }

  @Test(
    "when the next hop takes no mail of an error, few are offered to it, the others are counted, and all of it is exact",
    arguments: [
      (DeliveryOutcome.rejected(reason: "550 spam", status: "5.7.1"), 554, "spam", 300, 7, "a rejection"),
      (.deferred(reason: "451 later"), 451, nil, 300, 7, "a deferral: no disk keeps the mail for another attempt"),
      (.rejected(reason: "550 spam", status: "5.7.1"), 554, "spam", 2, 2, "the second mail goes on at once"),
    ] as [(DeliveryOutcome, Int, String?, Int, Int, String)])
  func nobodyTakesIt(
    _ outcome: DeliveryOutcome, code: Int, rejection: String?, mails: Int, offered: Int, why: String
  ) async throws {
    let hop = RecordingTransport("hop:25", outcome: outcome)
    let (counting, rejections) = (try counting(), RejectionLog(logger: .quiet))
    let net = SafetyNet(
      spool: EmergencySpool(directory: "/dev/null/spool"), counting: counting, destinations: Live(Destinations(hop)),
      rejections: rejections, logger: .quiet)
    var codes: [Int] = []
    for number in 1...mails { codes.append(await take(net, reportOfOneMinute(number)).code) }
    #expect(hop.envelopes.count == offered, "\(why)")
    #expect(codes.count { $0 == code } == offered && codes.count { $0 == 250 } == mails - offered, "\(why)")
    #expect(net.counts == SafetyNet.Counts(refused: offered, counted: mails - offered), "\(why)")
    #expect(rejections.watch.rejecting["hop:25"]?.mails == (rejection == nil ? nil : offered), "\(why)")

    // A new process goes on where this one stopped, and the store gets each count once.
    let again = DiskFullCounting(
      reserve: try CountReserve(directory: folder.path), policy: { WindowPolicy() }, logger: .quiet)
    let later = SafetyNet(
      spool: EmergencySpool(directory: "/dev/null/spool"), counting: again, destinations: Live(Destinations(hop)),
      logger: .quiet)
    #expect(await take(later, reportOfOneMinute(mails + 1)).code == 250, "\(why)")
    let store = try SQLiteStore(
      directory: folder.path, policy: WindowPolicy(), explain: { _, _ in "" }, logger: .quiet, now: WallClock.now)
    defer { store.close() }
    #expect(try await store.importCounts(from: again.reserve) == mails - offered + 1)
    #expect(try await store.totals() == Totals(forwarded: 0, suppressed: mails - offered + 1), "\(why)")
    let row = try #require(try await store.fingerprints(FingerprintQuery(), now: Self.start).first)
    #expect(row.record.rejection?.count == offered && row.record.lastReason == "after-rejection", "\(why)")
  }

  /// A report of a flood: all come within the minute.
  private func reportOfOneMinute(_ number: Int) -> Submission {
    var submission = report(Int64(number))
    submission.receivedAt = Self.start.advanced(by: .milliseconds(number))
    return submission
  }

  @Test("after a rejection the next mail goes within the window, and one that is taken ends the row of rejections")
  func goesOnAfterRejections() async throws {
    let (no, yes) = (
      RecordingTransport("hop:25", outcome: .rejected(reason: "550", status: "5.7.1")), RecordingTransport("hop:25")
    )
    let destinations = Live(Destinations(no))
    let rejections = RejectionLog(logger: .quiet)
    let net = SafetyNet(
      spool: EmergencySpool(directory: "/dev/null/spool"), counting: try counting(), destinations: destinations,
      rejections: rejections, logger: .quiet)
    for number in 1...300 { _ = await take(net, reportOfOneMinute(number)) }
    #expect(rejections.watch.rejecting["hop:25"]?.mails == 7)
    destinations.adopt(Destinations(yes))
    #expect(await take(net, report(3590)).lines.joined().contains("counted as"), "the window is not over")
    #expect(await take(net, report(3602)).lines.joined().contains("sent on"), "no later than the window")
    #expect(rejections.watch.rejecting.isEmpty)
    #expect(await take(net, report(3603)).lines.joined().contains("counted as"), "its own window is open")
    #expect(yes.envelopes.count == 1)
  }

  @Test("when the reserve is used up, each client hears what the next hop says: nothing is counted that is not durable")
  func usedUp() async throws {
    let hop = RecordingTransport("hop:25", outcome: .rejected(reason: "550", status: "5.7.1"))
    let counting = try counting()
    let net = SafetyNet(
      spool: EmergencySpool(directory: "/dev/null/spool"), counting: counting, destinations: Live(Destinations(hop)),
      logger: .quiet)
    for number in 1...3 { _ = await take(net, reportOfOneMinute(number)) }
    let occurrence = try #require(report(1).judge().occurrence)
    let filling = ReservedError(occurrence, of: report(1))
    while (try? counting.reserve.add(ReservedArrival(at: Self.start, fate: .spooled), of: filling)) != nil {}
    for number in 4...9 { #expect(await take(net, reportOfOneMinute(number)).code == 554) }
    #expect(hop.envelopes.count == 8)
  }

  @Test("a mail that cannot be counted says no count: whoever reads the next one would add it up wrongly")
  func saysNoCountThatIsNotDurable() async throws {
    let hop = RecordingTransport("hop:25")
    let counting = try counting()
    guard let occurrence = report(1, error: "ffff").judge().occurrence else { return }
    let filling = ReservedError(occurrence, of: report(1))
    while (try? counting.reserve.add(ReservedArrival(at: Self.start, fate: .spooled), of: filling)) != nil {}
    let net = SafetyNet(
      spool: EmergencySpool(directory: "/dev/null/spool"), counting: counting, destinations: Live(Destinations(hop)),
      logger: .quiet
    )
    for number in 1...2 { #expect(await take(net, report(Int64(number))).code == 250) }
    #expect(hop.messages.count == 2)
    for message in hop.messages {
      #expect(!String(decoding: message.head, as: UTF8.self).contains("X-MailDedup-Count"))
    }
  }

  @Test("mails of one error that come at once wait for the fate of the first, and are counted")
  func atOnce() async throws {
    let hop = RecordingTransport("hop:25")
    let net = SafetyNet(
      spool: EmergencySpool(directory: "/dev/null/spool"), counting: try counting(),
      destinations: Live(Destinations(hop)),
      logger: .quiet)
    let codes = await withTaskGroup(of: Int.self) { group in
      for number in 1...50 { group.addTask { await take(net, report(Int64(number))).code } }
      return await group.reduce(into: [Int]()) { $0.append($1) }
    }
    #expect(codes.count == 50 && codes.allSatisfy { $0 == 250 })
    #expect(hop.envelopes.count == 1 && net.counts.counted == 49)
  }

  @Test(
    "the disk counts as full until the store queues a mail again, or no mail finds no room for a minute",
    arguments: [
      ([true], 1, true, "no room"), ([true, false], 1, false, "a mail was queued"),
      ([true, false, true], 1, true, "full again"), ([false], 1, false, "never full"),
      ([true], 60, false, "a minute without mail that found no room"),
    ] as [([Bool], Int64, Bool, Comment)])
  func fullUntil(steps: [Bool], after seconds: Int64, isFull: Bool, why: Comment) throws {
    let counting = try counting()
    for foundNoRoom in steps { if foundNoRoom { counting.noteFull(at: Self.start) } else { counting.noteRoom() } }
    #expect((counting.since(now: Self.start.advanced(by: .seconds(seconds))) != nil) == isFull, why)
  }

  @Test("ordinary mail that was handed on is in the totals: at once in the status, later in the store, and once")
  func countsHandedOn() async throws {
    let net = SafetyNet(
      spool: EmergencySpool(directory: "/dev/null/spool"),
      destinations: Live(Destinations(RecordingTransport("hop:25"))), logger: .quiet)
    let judgements: [Judged] = [
      .pass(reason: "no-error"), .pass(reason: "reply"), .doubt(DoubtfulReport(reason: "truncated")),
      report(1).judge(),
    ]
    for (number, judged) in judgements.enumerated() {
      var mail = report(Int64(number))
      mail.judge = { judged }
      #expect(await take(net, mail).code == 250)
    }
    #expect(net.uncounted.totals == Totals(passed: 2, doubtful: 1), "a report is counted by the reserve or not at all")
    let broken = StoreFailure(.diskFull, "no space")
    await #expect(throws: StoreFailure.self) { try await net.handOver { _ in throw broken } }
    #expect(net.uncounted.totals == Totals(passed: 2, doubtful: 1), "kept for the next time")
    let store = try SQLiteStore(
      directory: folder.path, policy: WindowPolicy(), explain: { _, _ in "" }, logger: .quiet, now: WallClock.now)
    defer { store.close() }
    let importer = SpoolImporter(
      spool: EmergencySpool(directory: folder.file("spool")), store: store, safetyNet: net,
      judge: { _ in .pass(reason: "tested") }, logger: .quiet)
    for _ in 1...2 { await importer.countHandedOn() }
    #expect(try await store.totals() == Totals(passed: 2, doubtful: 1))
    #expect(net.uncounted.isEmpty)
  }

  @Test("it is told once when the disk is full, and ordinary mail is handed on each")
  func tellsOnce() async throws {
    let told = Live(0)
    let counting = try counting()
    counting.onBegin { told.change { $0 += 1 } }
    let hop = RecordingTransport("hop:25")
    let net = SafetyNet(
      spool: EmergencySpool(directory: "/dev/null/spool"), counting: counting, destinations: Live(Destinations(hop)),
      logger: .quiet
    )
    for number in 1...3 {
      let error = report(Int64(number))
      let mail = Submission(
        id: error.id, receivedAt: error.receivedAt, envelope: error.envelope, received: error.received,
        message: error.message, judge: { .pass(reason: "no-error") })
      #expect(await take(net, mail).code == 250)
    }
    #expect(told.value == 1 && hop.envelopes.count == 3)
  }
}
