import DedupCore
import MailMessage
import Testing

/// Mail that is refused or hangs, and mail that has nothing to do with it.
struct DeliveryPlanRoomTests {
  private func deliveries(_ steps: [String]) -> [String] { steps.filter { $0.hasPrefix("deliver") } }

  @Test("while the way is closed to a domain, mail to others goes as it comes, and the domain's when it is open again")
  func refusedDomain() {
    var bench = PlanBench()
    bench.admission = Admission(.closed(for: .seconds(5), asks: false), mails: 20, scope: .to(["poison.example"]))
    bench.due = (1...40).map { .due($0, domain: "poison.example") } + [.due(50)]
    #expect(deliveries(bench.run()) == ["deliver 50"])
    bench.end(50)
    #expect(deliveries(bench.arrive(.due(51))) == ["deliver 51"])
    bench.end(51)
    bench.admission = Admission(.trial, mails: 20, scope: .to(["poison.example"]))
    bench.now = .seconds(20)
    #expect(deliveries(bench.run()) == ["deliver 1"], "one at a time")
    #expect(deliveries(bench.arrive(.due(52))) == ["deliver 52"])
    bench.end(1)
    bench.end(52)
    bench.admission = .open
    #expect(deliveries(bench.run()).count == 5)
  }

  @Test("a host that refused mail after mail is tried out with as many as it allows, and by no more")
  func trials() {
    var bench = PlanBench()
    bench.admission = Admission(.trial, mails: 4, trials: 4)
    bench.due = (1...10).map { .due($0) }
    #expect(deliveries(bench.run()).count == 4)
    bench.now = .seconds(20)
    #expect(deliveries(bench.run()).isEmpty)
    bench.end(1)
    #expect(deliveries(bench.run()).count == 1)
  }

  @Test("while the way is closed to a sender, mail from others goes")
  func refusedSender() {
    var bench = PlanBench()
    bench.due = (1...3).map { .due($0) }
    let sender = bench.due[0].sender
    bench.admission = Admission(.closed(for: .seconds(5), asks: false), mails: 20, scope: .from([sender]))
    #expect(deliveries(bench.run()).isEmpty)
    bench.due[1].sender = EmailAddress("other@shop.example")
    bench.now = .seconds(6)
    #expect(deliveries(bench.run()) == ["deliver 2"])
    bench.admission = .open
    #expect(deliveries(bench.run()) == ["deliver 1", "deliver 3"])
  }

  @Test("mail to several domains of which one is open is not held back")
  func mixed() {
    var bench = PlanBench()
    bench.admission = Admission(.closed(for: .seconds(5), asks: false), mails: 20, scope: .to(["poison.example"]))
    var entry = QueueEntry.due(1, domain: "poison.example")
    entry.recipients += QueueEntry.due(2).recipients
    bench.due = [entry]
    #expect(deliveries(bench.run()) == ["deliver 1"])
  }

  @Test("45 mails that hang leave places to all other mail, which waits for no more than a second")
  func hangingDomain() {
    var bench = PlanBench()
    bench.due = (1...45).map { .due($0, domain: "tarpit.example") }
    var late: [Int64: Int] = [:]
    for second: Int64 in 0..<30 {
      bench.now = .seconds(second)
      _ = bench.run()
      _ = bench.arrive(.due(100 + second))
      for number: Int64 in 100...130 where bench.delivering.contains(.init(rawValue: number)) && late[number] == nil {
        late[number] = Int(second - (number - 100))
        bench.end(number)
      }
    }
    #expect(late.count >= 29 && late.values.allSatisfy { $0 <= 1 }, "\(late)")
    let hanging = bench.delivering.count { $0.rawValue <= 45 }
    #expect(hanging == 17, "three of twenty places are left")
  }

  @Test("a long queue behind mail that hangs is read in steps, so that what ends the hanging is heard in between")
  func longQueueBehindHangingMail() {
    var bench = PlanBench()
    bench.due = (1...1000).map { .due($0, domain: "tarpit.example") }
    bench.hang()
    let steps = bench.run()
    #expect(steps.count { $0 == "read due" } <= 11 && steps.last == "wait 1520", "\(steps.last ?? "")")
  }

  @Test("the mail that was passed over is due as soon as nothing hangs, not when its pause is over")
  func nothingHangsAnyMore() {
    var bench = PlanBench()
    bench.due = (1...300).map { .due($0, domain: "tarpit.example") }
    bench.hang()
    for _ in 0..<40 {
      _ = bench.run()
      bench.now += .milliseconds(20)
    }
    let hanging = bench.delivering
    for id in hanging { bench.end(id.rawValue) }
    #expect(deliveries(bench.run()).first == "deliver \(hanging.count + 1)", "the oldest that waits")
  }

  @Test("reports that find no place are put back for a second, and not read again and again")
  func reportsWithoutAPlace() {
    var bench = PlanBench()
    bench.due = (1...300).map { .due($0, .report) }
    for _ in 0..<40 {
      _ = bench.run()
      bench.now += .milliseconds(20)
    }
    #expect(bench.run().allSatisfy { $0.hasPrefix("wait") })
  }

  @Test("error mail that hangs by a route of its own does not hold up ordinary mail to the same domain")
  func hangingRoute() {
    var bench = PlanBench()
    bench.most = 40
    bench.route = { $0.kind == .report ? "errors" : "" }
    bench.due = (1...26).map { .due($0, .report) }
    _ = bench.run()
    for half: Int64 in 0..<16 {
      bench.now = .milliseconds(half * 500)
      _ = bench.run()
      #expect(deliveries(bench.arrive(.due(100 + half))).contains("deliver \(100 + half)"), "after \(half) halves")
      bench.end(100 + half)
    }
    #expect(bench.delivering.count { $0.rawValue <= 26 } == 26)
  }

  @Test("a recipient whose mails hang holds up no other of its domain, which is no more than one of others")
  func hangingRecipient() {
    var bench = PlanBench()
    bench.due = (1...25).map { .due($0) }
    for index in bench.due.indices { bench.due[index].recipients = [EmailAddress("hangs@customer.example")] }
    for second: Int64 in 0..<10 {
      bench.now = .seconds(second)
      _ = bench.run()
    }
    let hanging = bench.delivering.count
    #expect(hanging == 17, "three of twenty places are left")
    for number: Int64 in 100..<200 {
      #expect(deliveries(bench.arrive(.due(number))).contains("deliver \(number)"))
      bench.end(number)
    }
    #expect(bench.delivering.count == hanging + 100)
  }

  @Test("mail that was refused for the rate goes at its pace, ordinary mail first, and other mail does not wait")
  func pace() {
    var bench = PlanBench()
    bench.due = (1...100).map { .due($0, .report, domain: "busy.example") }
    #expect(deliveries(bench.run()).count == 4)
    bench.end(1, .putBack(for: .seconds(2)), slowed: .to(["busy.example"]))
    for number: Int64 in 2...4 { bench.end(number) }
    #expect(deliveries(bench.run()).isEmpty)
    #expect(deliveries(bench.arrive(.due(201))) == ["deliver 201"], "to another domain")
    #expect(deliveries(bench.arrive(.due(202, domain: "busy.example"))).isEmpty)
    bench.now = .milliseconds(100)
    #expect(deliveries(bench.run()) == ["deliver 202"])
    bench.end(201)
    bench.end(202)
    var seconds = 0
    while !bench.due.isEmpty, seconds < 300 {
      let steps = bench.run()
      for id in bench.delivering where bench.due.contains(where: { $0.id == id }) { bench.end(id.rawValue) }
      guard let time = steps.last.flatMap({ Int64($0.dropFirst("wait ".count)) }) else { continue }
      bench.now = max(bench.now, .milliseconds(time + 1))
      seconds += 1
    }
    #expect(bench.due.isEmpty && bench.now > .seconds(10), "a mail a second at first, then faster: \(bench.now)")
  }
}
