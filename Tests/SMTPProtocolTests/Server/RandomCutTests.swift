import SMTPProtocol
import Testing

/// Conversations made at random from what matters to the session, fit or unfit, mean the same however they are cut.
struct RandomCutTests {
  /// The numbers of a linear congruential generator, so that a failing seed can be run again.
  private struct Numbers {
    var state: UInt64

    mutating func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
  }

  private static let tokens: [String] = [
    "EHLO x\r\n", "MAIL FROM:<a@b>\r\n", "RCPT TO:<c@d>\r\n", "DATA\r\n", "BDAT 5\r\n", "BDAT 3 LAST\r\n",
    "BDAT 0 LAST\r\n", "BDAT x\r\n", "\r\n.\r\n", "RSET\r\n", "QUIT\r\n",
    "NOOP\r\n",
    "BOGUS\r\n", "\r", "\n", "\r\n", ".", "..", "\0", "x", "Received: a\r\n", "\u{16}\u{3}", "GET / HTTP/1.1\r\n",
    "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", "a\nb", "\n.\r\n", "\r\n.\n", ".\r\n", "Host: x\r\n",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
  ]

  /// 4,000 conversations: whole, octet by octet, and in pieces of random length.
  @Test func sameHoweverCut() {
    for seed in 1...4000 {
      var numbers = Numbers(state: UInt64(seed))
      let text = (0..<numbers.next(25)).map { _ in Self.tokens[numbers.next(Self.tokens.count)] }.joined()
      let bytes = Array(text.utf8)
      let whole = converse([bytes])
      #expect(converse(bytes.map { [$0] }) == whole, "seed \(seed), octet by octet")
      var pieces: [[UInt8]] = []
      var rest = bytes[...]
      while !rest.isEmpty {
        let piece = rest.prefix(1 + numbers.next(20))
        pieces.append(Array(piece))
        rest = rest.dropFirst(piece.count)
      }
      #expect(converse(pieces) == whole, "seed \(seed), in pieces")
    }
  }

  /// All that a session does, with a driver that settles every transaction at once.
  private func converse(_ pieces: [[UInt8]]) -> [ServerSession.Action] {
    var limits = SessionLimits()
    limits.commandLine = 120
    limits.messageSize = 200
    limits.receivedHops = 2
    limits.errorsBeforeDelay = 3
    limits.errorsBeforeClose = 8
    var session = ServerSession(hostname: "mx", address: "::1", name: "s", limits: limits)
    var done = session.open()
    for piece in pieces {
      var pending = session.receive(piece)
      while !pending.isEmpty {
        let action = pending.removeFirst()
        done.append(action)
        switch action {
        case .commit: pending += session.finish(Reply(250, .init(2, 0, 0), "Accepted"))
        case .pause: pending += session.resume()
        case .startTLS: pending += session.secured()
        case .greet: pending += session.open()
        case .authenticate: pending += session.verified(.rejected)
        case .reply, .close, .spill, .forget: continue
        }
      }
    }
    return done
  }
}
