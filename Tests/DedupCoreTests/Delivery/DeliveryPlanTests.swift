import DedupCore
import MailMessage
import MailTestKit
import Testing

/// What is delivered next, with a clock that the test moves and a queue that it plays.
struct DeliveryPlanTests {
  private static func entry(
    _ number: Int64, to host: Smarthost? = nil, _ kind: QueueEntry.Kind = .pass, domain: String = "customer.example"
  ) -> QueueEntry { .due(number, to: host, kind, domain: domain) }

  private func bench(_ numbers: ClosedRange<Int64>) -> PlanBench {
    var bench = PlanBench()
    bench.due = numbers.map { Self.entry($0) }
    return bench
  }

  private let unreachable = Admission(.closed(for: .milliseconds(500), asks: false), mails: 20)

  @Test("five go at first, and each that ends makes room for the next")
  func room() {
    var bench = bench(1...7)
    #expect(bench.run() == ["read due"] + (1...5).map { "deliver \($0)" } + ["wait 1000"])
    bench.end(1)
    #expect(bench.run().first == "deliver 6")
  }

  @Test("mail that just came in goes at once without the queue being asked")
  func arrivals() {
    var bench = PlanBench()
    #expect(bench.run() == ["read due", "wait"])
    bench.plan.arrived([.init(entry: Self.entry(1), message: nil, changes: 0)])
    #expect(bench.run() == ["deliver 1", "wait"])
    bench.plan.arrived(nil)
    #expect(bench.run() == ["read due", "wait"])
    #expect(!bench.plan.isNews(1) && bench.plan.isNews(2))
  }

  @Test("a mail that takes longer than a second does not hold up others, up to the most that there may be")
  func slowness() {
    var bench = bench(1...30)
    bench.most = 7
    #expect(bench.run().count == 7)
    bench.now = .milliseconds(999)
    #expect(bench.run() == ["wait 1000"])
    bench.now = .seconds(1)
    #expect(bench.run().first == "deliver 6", "the last place is not for mail like that which is slow")
    bench.due.insert(Self.entry(40, domain: "other.example"), at: 0)
    bench.plan.arrived(nil)
    #expect(bench.run().prefix(2) == ["read due", "deliver 40"])
    bench.now = .seconds(5)
    #expect(!bench.run().contains { $0.hasPrefix("deliver") }, "seven are on their way")
  }

  @Test("error mail that hangs leaves a quarter of the places to ordinary mail, and the queue is not asked without end")
  func share() {
    var bench = PlanBench()
    bench.most = 4
    bench.due = (1...30).map { Self.entry($0, .report) }
    #expect(bench.run() == ["read due", "deliver 1", "deliver 2", "deliver 3", "read due", "wait 1000"])
    bench.now = .seconds(5)
    #expect(bench.run().count < 5)
    bench.due.insert(Self.entry(40), at: 0)
    bench.plan.arrived([.init(entry: Self.entry(40), message: nil, changes: 0)])
    #expect(bench.run().contains("deliver 40"))
    bench.end(1)
    #expect(bench.run().contains("deliver 4"), "its place goes to the next report")
    bench.end(40)
    #expect(bench.run().count < 5)
  }

  @Test("error mail that had no place goes when there is one, also when ordinary mail came in between")
  func shareOfFew() {
    var bench = PlanBench()
    bench.most = 4
    bench.due = (1...5).map { Self.entry($0, .report) }
    #expect(bench.run() == ["read due", "deliver 1", "deliver 2", "deliver 3", "wait 1000"])
    bench.due.insert(Self.entry(40), at: 0)
    bench.plan.arrived([.init(entry: Self.entry(40), message: nil, changes: 0)])
    #expect(bench.run().contains("deliver 40"))
    for number: Int64 in [40, 1, 2, 3] { bench.end(number) }
    _ = bench.run()
    #expect(bench.delivering.map(\.rawValue).sorted() == [1, 2, 3, 4, 5, 40])
  }

  @Test("a next hop that takes one at a time gets one at a time")
  func admissionLimit() {
    var bench = bench(1...3)
    bench.admission.mails = 1
    #expect(bench.run() == ["read due", "deliver 1", "wait 1000"])
    bench.end(1)
    #expect(bench.run() == ["deliver 2", "wait 1000"])
  }

  @Test("while the way is closed nothing is tried; it is looked at, and when it is open all of it goes")
  func closed() {
    var bench = bench(1...3)
    bench.admission = unreachable
    #expect(bench.run() == ["read rerouted", "wait 500"])
    bench.now = .milliseconds(500)
    bench.admission.state = .closed(for: .zero, asks: true)
    #expect(bench.run() == ["look", "wait 60000"], "once at a time")
    bench.plan.arrived([.init(entry: Self.entry(4), message: nil, changes: 0)])
    bench.due.append(Self.entry(4))
    bench.plan.looked()
    bench.admission = unreachable
    #expect(bench.run() == ["wait 1000"])
    bench.admission = .open
    #expect(bench.run() == ["read due", "deliver 1", "deliver 2", "deliver 3", "deliver 4", "wait"])
  }

  @Test("what was not offered goes as soon as the way is open, and before that not at all")
  func notOffered() {
    var bench = bench(1...2)
    _ = bench.run()
    bench.admission = unreachable
    for number in 1...2 as ClosedRange<Int64> { bench.end(number, .putBack(for: .seconds(2))) }
    #expect(bench.run() == ["read rerouted", "wait 500"])
    bench.now = .seconds(1)
    bench.admission = .open
    #expect(bench.run() == ["read due", "deliver 1", "deliver 2", "wait"])
  }

  @Test("what was not offered while the way is open is left alone for its time")
  func putBack() {
    var bench = bench(1...2)
    _ = bench.run()
    bench.end(1, .putBack(for: .seconds(10)))
    bench.plan.arrived(nil)
    #expect(bench.run() == ["read due", "wait 10000"])
    bench.now = .seconds(10)
    #expect(bench.run() == ["read due", "deliver 1", "wait"])
  }

  @Test("what an admin sends another way goes on")
  func rerouted() {
    var bench = bench(1...2)
    bench.due.append(Self.entry(3, to: Smarthost(host: "other.example", port: 25)))
    bench.admission = unreachable
    #expect(bench.run() == ["read rerouted", "deliver 3", "wait 500"])
  }

  @Test("after a minute old mail is looked for, to tell of it, each once an hour")
  func oldMail() {
    var bench = bench(1...2)
    bench.admission = unreachable
    _ = bench.run()
    bench.now = .seconds(60)
    #expect(bench.run() == ["read old", "deliver 1", "deliver 2", "wait 60500"])
    for number in 1...2 as ClosedRange<Int64> { bench.end(number, .putBack(for: .seconds(2))) }
    bench.now = .seconds(120)
    #expect(bench.run().contains("read old") && bench.delivering.count == 2)
  }

  @Test("where only a mail shows that it works again, one goes at a time")
  func trial() {
    var bench = bench(1...3)
    bench.admission = Admission(.trial, mails: 1)
    #expect(bench.run() == ["read due", "deliver 1", "wait 1000"])
    bench.now = .seconds(2)
    #expect(bench.run() == ["wait"], "also when it takes long")
    bench.end(1, .open)
    #expect(bench.run().first == "deliver 2")
  }

  @Test("a refusal halves what goes at once")
  func throttled() {
    var bench = bench(1...9)
    _ = bench.run()
    for number in 1...5 as ClosedRange<Int64> { bench.end(number, isThrottled: true) }
    #expect(bench.plan.window.size == 2)
    #expect(bench.run().prefix(3) == ["deliver 6", "deliver 7", "wait 1000"])
  }

  @Test("what becomes due later is asked for at its time, also after a failure of the queue")
  func alarm() {
    var bench = PlanBench()
    bench.nextDue = .seconds(30)
    #expect(bench.run() == ["read due", "wait 30000"])
    (bench.now, bench.nextDue) = (.seconds(30), nil)
    #expect(bench.run() == ["read due", "wait"])
    bench.plan.changed()
    bench.plan.notRead(until: .seconds(32))
    #expect(bench.run() == ["wait 32000"])
  }

  @Test("after a stop nothing is begun, and it ends when all is recorded")
  func stop() {
    var bench = bench(1...7)
    _ = bench.run()
    bench.plan.stop()
    for number in 1...4 as ClosedRange<Int64> { bench.end(number) }
    #expect(bench.run() == ["wait"])
    bench.end(5)
    #expect(bench.run() == ["finish"])
  }
}
