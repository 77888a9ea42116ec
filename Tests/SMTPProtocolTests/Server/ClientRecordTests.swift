@testable import SMTPProtocol
import Testing

/// What follows from what a client did. The dialogues show the same on the wire.
struct ClientRecordTests {
  private static let limits: SessionLimits = {
    var limits = SessionLimits()
    limits.errorsBeforeDelay = 2
    limits.errorsBeforeClose = 4
    limits.authFailures = 3
    limits.junkCommands = 2
    return limits
  }()

  @Test("errors slow a client down and then end its session; a mail that is taken clears them, another does not")
  func errors() {
    var record = ClientRecord()
    let first = (0..<3).map { _ in record.noteRefusal(.unknownCommand, Self.limits) }
    #expect(first == [.none, .delay(.seconds(1)), .delay(.seconds(1))])
    record.noteMail(.loop)
    #expect(record.noteRefusal(.unknownCommand, Self.limits) == .end(.tooManyErrors, .tooManyErrors))
    record.noteMail(.senderOK)
    #expect(record.hasHadMail)
    #expect(record.noteRefusal(.unknownCommand, Self.limits) == .none)
  }

  @Test("a 4xx reply is not the client's fault")
  func temporary() {
    var record = ClientRecord()
    for _ in 0..<10 { #expect(record.noteRefusal(.tooManyRecipients, Self.limits) == .none) }
  }

  @Test("each wrong password costs time, the third one the connection; they count as errors, too")
  func passwords() {
    var record = ClientRecord()
    let guesses = (0..<3).map { _ in record.noteWrongPassword(Self.limits) }
    #expect(guesses == [.delay(.seconds(2)), .delay(.seconds(2)), .end(.tooManyFailures, .tooManyFailures)])
    #expect(record.noteRefusal(.unknownCommand, Self.limits) == .end(.tooManyErrors, .tooManyErrors))
  }

  @Test("commands that bring no mail end the session; any mail that got its reply clears them")
  func junk() {
    var record = ClientRecord()
    #expect((0..<2).map { _ in record.noteJunk(Self.limits) } == [.none, .none])
    record.noteMail(.loop)
    #expect((0..<2).map { _ in record.noteJunk(Self.limits) } == [.none, .none])
    #expect(record.noteJunk(Self.limits) == .end(.tooMuchJunk, .tooMuchJunk))
  }

  @Test("a delay of zero is none")
  func zero() {
    var limits = Self.limits
    limits.errorDelay = .zero
    limits.authDelay = .zero
    var record = ClientRecord()
    #expect((0..<3).map { _ in record.noteRefusal(.unknownCommand, limits) } == [.none, .none, .none])
    #expect(record.noteWrongPassword(limits) == .none)
  }
}
