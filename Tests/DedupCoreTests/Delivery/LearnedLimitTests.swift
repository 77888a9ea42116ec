import DedupCore
import MailMessage
import Testing

/// What is learnt from what a next hop refuses.
struct LearnedLimitTests {
  @Test("it goes down to what was taken at once, and up by one after ten uses")
  func learns() {
    var limit = LearnedLimit(most: 20)
    limit.reached()
    #expect(!limit.isLearned && limit.value == 20)
    limit.exceeded(3)
    #expect(limit.isLearned && limit.value == 3)
    for _ in 1...9 { limit.reached() }
    #expect(limit.value == 3)
    limit.reached()
    #expect(limit.value == 4)
  }

  @Test("each attempt at more that failed doubles the time until the next")
  func patience() {
    var limit = LearnedLimit(most: 20)
    limit.exceeded(1)
    for uses in [10, 20, 40, 80] {
      for _ in 1..<uses { limit.reached() }
      #expect(limit.value == 1, "after \(uses)")
      limit.reached()
      #expect(limit.value == 2)
      limit.exceeded(1)
    }
  }

  @Test("it never falls below one, and up at the top it is no limit any more")
  func ends() {
    var limit = LearnedLimit(most: 2)
    limit.exceeded(0)
    #expect(limit.value == 1)
    for _ in 1...10 { limit.reached() }
    #expect(limit.value == 2 && !limit.isLearned)
  }

  @Test("connections that end after the same number of mails twice in a row are a habit, others are not")
  func mailsPerConnection() {
    var limits = HostLimits(connections: 20, mailsPerConnection: 100, recipientsPerTransaction: 100)
    limits.connectionEnded(afterMails: 7)
    limits.connectionEnded(afterMails: 10)
    #expect(!limits.mailsPerConnection.isLearned)
    limits.connectionEnded(afterMails: 10)
    #expect(limits.mailsPerConnection.value == 10)
    limits.connectionRefused(whileOpen: 2)
    limits.hostFailed()
    #expect(!limits.connections.isLearned && limits.mailsPerConnection.value == 10)
  }

  @Test("the window grows by one in a round that filled it, and is halved once for all that are refused at a time")
  func window() {
    var window = SendWindow()
    #expect(window.size == 5)
    for _ in 1...5 { window.delivered(in: .seconds(1), wasFull: true, most: 20) }
    #expect(window.size == 6)
    for _ in 1...50 { window.delivered(in: .seconds(1), wasFull: false, most: 20) }
    #expect(window.size == 6)
    for _ in 1...50 { window.delivered(in: .milliseconds(5), wasFull: true, most: 20) }
    #expect(window.size == 6, "quick mails need no others beside them")
    for _ in 1...3 { window.throttled(at: .seconds(1)) }
    #expect(window.size == 3)
    for seconds in 3...9 { window.throttled(at: .seconds(seconds)) }
    #expect(window.size == 1)
    for _ in 1...1000 { window.delivered(in: .seconds(1), wasFull: true, most: 8) }
    #expect(window.size == 8)
  }

  @Test("two strikes make a suspect, for an hour, and a success clears it")
  func suspects() {
    let (who, other) = (Suspects.Who.recipient(EmailAddress("a@b")), Suspects.Who.mail(QueueID(rawValue: 1)))
    var suspects = Suspects()
    suspects.strike(who, at: .zero)
    #expect(!suspects.isSuspect(who, at: .zero))
    suspects.strike(who, at: .seconds(10))
    suspects.strike(other, 2, at: .seconds(10))
    #expect(suspects.isSuspect(who, at: .seconds(10)) && suspects.isSuspect(other, at: .seconds(3609)))
    #expect(!suspects.isSuspect(who, at: .seconds(3610)))
    suspects.clear(who)
    #expect(!suspects.isSuspect(who, at: .seconds(10)))
    for number in 2...3000 { suspects.strike(.mail(QueueID(rawValue: Int64(number))), 2, at: .seconds(20)) }
    let remembered = [3000, 1].map { suspects.isSuspect(.mail(QueueID(rawValue: $0)), at: .seconds(20)) }
    #expect(remembered == [true, false], "it is bounded, and the latest are kept")
  }
}
