import MailTestKit
import SMTPProtocol
import Testing

/// Conversations made at random from what matters to the session, fit or unfit, mean the same however they are cut.
struct RandomCutTests {
  private static let tokens: [String] = [
    "EHLO x\r\n", "MAIL FROM:<a@b>\r\n", "RCPT TO:<c@d>\r\n", "DATA\r\n", "BDAT 5\r\n", "BDAT 3 LAST\r\n",
    "BDAT 0 LAST\r\n", "BDAT x\r\n", "\r\n.\r\n", "RSET\r\n", "QUIT\r\n",
    "NOOP\r\n",
    "BOGUS\r\n", "\r", "\n", "\r\n", ".", "..", "\0", "x", "Received: a\r\n", "\u{16}\u{3}", "GET / HTTP/1.1\r\n",
    "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", "a\nb", "\n.\r\n", "\r\n.\n", ".\r\n", "Host: x\r\n",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
  ]

  /// 4,000 conversations: whole, octet by octet, and in pieces of random length.
  @Test("a conversation means the same whole, octet by octet, and in pieces of random length")
  func sameHoweverCut() {
    for seed in 1...4000 {
      var numbers = SplitMix(seed: UInt64(seed))
      let text = (0..<numbers.next(below: 25)).map { _ in Self.tokens[numbers.next(below: Self.tokens.count)] }.joined()
      let bytes = Array(text.utf8)
      let whole = converse([bytes])
      #expect(converse(bytes.map { [$0] }) == whole, "seed \(seed), octet by octet")
      var pieces: [[UInt8]] = []
      var rest = bytes[...]
      while !rest.isEmpty {
        let piece = rest.prefix(1 + numbers.next(below: 20))
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
