import MailMessage
import Testing

@testable import SMTPProtocol

/// Messages that are given out in pieces before they are complete.
struct LargeMessageTests {
  private static let header = "Subject: x\r\n\r\n"
  private static let opening = "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"
  private static let line = String(repeating: ".x", count: 35) + "\r\n"
  private static let body = String(repeating: line, count: 8000)
  private static let longHeader = String(repeating: "X-Long: y\r\n", count: 30_000)

  struct Case: Sendable, CustomTestStringConvertible {
    let wire: String
    let message: String
    let shows: String
    var testDescription: String { shows }
  }

  static let cases: [Case] = [
    Case(
      wire: "DATA\r\n" + header + stuffed(body) + ".\r\n", message: header + body, shows: "a message behind DATA"),
    Case(
      wire: "DATA\r\n" + withBareLF(header + stuffed(body)) + "\r\n.\r\n", message: header + body + "\r\n",
      shows: "one whose lines end in a bare LF"),
    Case(
      wire: "DATA\r\n" + String(repeating: "x", count: 600_000) + "\r\n.\r\n",
      message: String(repeating: "x", count: 600_000) + "\r\n", shows: "one line without any header"),
    Case(
      wire: "BDAT \((header + body).utf8.count) LAST\r\n" + header + body, message: header + body, shows: "one chunk"),
    Case(
      wire: "BDAT \(header.utf8.count)\r\n\(header)" + "BDAT \(body.utf8.count) LAST\r\n" + body,
      message: header + body, shows: "two chunks"),
    Case(
      wire: "DATA\r\n" + longHeader + stuffed("\r\n" + body) + ".\r\n", message: longHeader + "\r\n" + body,
      shows: "a header that is larger than a piece"),
  ]

  private static func stuffed(_ text: String) -> String {
    text.replacing("\r\n.", with: "\r\n..").replacing(/^\./, with: "..")
  }

  private static func withBareLF(_ text: String) -> String { text.replacing("\r\n", with: "\n") }

  @Test(
    "the pieces and what is handed over make up the message, and no piece keeps more in memory than it has to",
    arguments: cases)
  func comesInPieces(_ example: Case) {
    let bytes = Array((Self.opening + example.wire).utf8)
    for size in [65_536, 4097] {
      var session = ServerSession(hostname: "mx", address: "::1", name: "s", limits: SessionLimits())
      _ = session.open()
      var message: [UInt8] = []
      var spills = 0
      for start in stride(from: 0, to: bytes.count, by: size) {
        for action in session.receive(Array(bytes[start..<min(bytes.count, start + size)])) {
          switch action {
          case .spill(let octets):
            spills += 1
            message += octets
          case .commit(let transaction): message += transaction.message.head
          case .forget: Issue.record("forgotten")
          default: break
          }
        }
      }
      #expect(message == Array(example.message.utf8), "pieces of \(size)")
      #expect(spills > 0)
    }
  }

  @Test(
    "what was spilled of a message that comes to nothing is taken back",
    arguments: ["\0\r\n.\r\n", "x\ry\r\n.\r\n", "x\ny\r\n.\r\n"])
  func takesBack(ending: String) {
    var session = ServerSession(hostname: "mx", address: "::1", name: "s", limits: SessionLimits())
    _ = session.open()
    var actions = session.receive(Array((Self.opening + "DATA\r\n" + Self.header + Self.body).utf8))
    actions += session.receive(Array(ending.utf8))
    let spill = actions.firstIndex { if case .spill = $0 { true } else { false } }
    let forget = actions.firstIndex(of: .forget)
    #expect(spill != nil && forget != nil)
    guard case .reply(let reply)? = actions.last else { Issue.record("no reply"); return }
    #expect(reply.code == 554)
  }

  @Test("a client that goes away, or says RSET between chunks, leaves nothing behind")
  func leavesNothing() {
    for end in [Array("BDAT 3".utf8), []] {
      var session = ServerSession(hostname: "mx", address: "::1", name: "s", limits: SessionLimits())
      _ = session.open()
      let chunk = Self.header + Self.body
      _ = session.receive(Array((Self.opening + "BDAT \(chunk.utf8.count)\r\n" + chunk).utf8))
      let actions = end.isEmpty ? session.receive(Array("RSET\r\n".utf8)) : session.endOfInput()
      #expect(actions.contains(.forget))
    }
  }

  struct Header: Sendable, CustomTestStringConvertible {
    let text: String
    let finding: HeaderCheck.Finding
    let shows: String
    var testDescription: String { shows }
  }

  static let headers: [Header] = [
    Header(text: "A: b\r\n\r\n", finding: .good, shows: "a header and its end"),
    Header(text: "A: b\r\nC", finding: .unfinished, shows: "a line that may become a field"),
    Header(text: "hello\r\n", finding: .good, shows: "no header"),
    Header(text: String(repeating: "x", count: 1000), finding: .good, shows: "a line too long for the name of a field"),
    Header(text: "A: " + String(repeating: "x", count: 2000), finding: .fault(.tooLarge), shows: "a long field"),
    Header(
      text: String(repeating: "Received: a\r\n", count: 3), finding: .fault(.loop), shows: "one hop more than allowed"),
    Header(
      text: "Received: a\r\nReceived: a\r\nReceived: a", finding: .unfinished, shows: "a last hop that is not complete"),
    Header(text: "Received: a\r\n b\r\n\tReceived: c\r\n\r\n", finding: .good, shows: "continuations"),
  ]

  @Test(
    "the finding for the start of a message stays when more of it comes",
    arguments: headers)
  func header(_ example: Header) {
    var limits = SessionLimits()
    limits.headerBlock = 1500
    limits.receivedHops = 2
    let bytes = Array(example.text.utf8)
    #expect(HeaderCheck.finding(in: bytes, limits: limits) == example.finding)
    let decided = (0...bytes.count).map { HeaderCheck.finding(in: Array(bytes[..<$0]), limits: limits) }
      .filter { $0 != .unfinished }
    #expect(Set(decided).count <= 1)
  }

  @Test("all chunks of a message together have the time of one message")
  func chunksShareTheTime() {
    var limits = SessionLimits()
    limits.data = .seconds(60)
    var session = ServerSession(hostname: "mx", address: "::1", name: "s", limits: limits)
    _ = session.open()
    _ = session.receive(Array((Self.opening + "BDAT 3\r\nx\r\n").utf8))
    let period = session.period
    _ = session.receive(Array("BDAT 3\r\ny\r\n".utf8))
    #expect(session.period == period)
    guard case .expired(let actions) = session.check(elapsed: .seconds(61), underPressure: false) else {
      Issue.record("goes on")
      return
    }
    #expect(actions.contains(.close(.dataTooLate)))
  }
}
