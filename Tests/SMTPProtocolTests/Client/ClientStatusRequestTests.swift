import MailMessage
import SMTPProtocol
import Testing

extension ClientSessionTests {
  private static let dsn = "250-h\r\n250-PIPELINING\r\n250 dsn\r\n"
  private static let international = OriginalRecipient("utf-8;é@d", allowingUTF8: true)
  static let statusRequests: [StatusRequest] = [
    StatusRequest(extensions: dsn, shows: "what the client did not say is not said"),
    StatusRequest(
      extensions: dsn, returns: .full, id: "a+2Bb", wish: .init(notify: .never), mail: " RET=FULL ENVID=a+2Bb",
      recipient: " NOTIFY=NEVER", shows: "what it said is said again"),
    StatusRequest(
      extensions: dsn, returns: .headers,
      wish: .init(
        notify: [.success, .failure], original: OriginalRecipient("RFC822;C+2Bx@D", allowingUTF8: false)),
      mail: " RET=HDRS", recipient: " NOTIFY=SUCCESS,FAILURE ORCPT=RFC822;C+2Bx@D", shows: "in the very letters"),
    StatusRequest(
      extensions: everything, returns: .full, id: "a", wish: .init(notify: .never), mail: " SIZE=10 SMTPUTF8",
      shows: "not to a server that does not announce DSN"),
    StatusRequest(
      extensions: dsn, wish: .init(original: international), recipient: " ORCPT=utf-8;\\x{E9}@d",
      shows: "in 7 bits without SMTPUTF8"),
    StatusRequest(
      extensions: "250-h\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250 DSN\r\n", wish: .init(original: international),
      mail: " SMTPUTF8", recipient: " ORCPT=utf-8;é@d", shows: "as it came with it"),
  ]

  @Test("what is to be told goes on to a server that speaks DSN, and only there", arguments: statusRequests)
  func statusRequest(_ example: StatusRequest) {
    var session = greeted(example.extensions)
    var job = job()
    let request = DeliveryStatusRequest(
      returns: example.returns, envelopeID: example.id.flatMap { Xtext($0) },
      wishes: example.wish.isEmpty ? [:] : [EmailAddress("c@d"): example.wish])
    job.envelope.statusRequest = request.isEmpty ? nil : request
    job.envelope.usesSMTPUTF8 = true
    let lines = "MAIL FROM:<a@b>\(example.mail)\r\nRCPT TO:<c@d>\(example.recipient)\r\nDATA\r\n"
    #expect(session.deliver(job) == [send(lines)])
    _ = hear("250 ok\r\n250 ok\r\n354 go\r\n", &session)
    session.messageSent()
    guard case .finished(let delivery)? = hear("250 taken\r\n", &session).first,
      case .delivered(_, let speaksDSN)? = delivery.outcomes.first
    else {
      Issue.record("it was not delivered")
      return
    }
    #expect(speaksDSN == (example.extensions != Self.everything))
  }

  struct Fate: Sendable, CustomTestStringConvertible {
    /// Replies to MAIL, RCPT, RCPT; then DATA; then the message.
    let envelope: String
    var data = ""
    var message = ""
    let outcome: String
    /// The first command of the next mail, or nil when the connection is over.
    let next: String?
    let shows: String
    var testDescription: String { shows }
  }
}
