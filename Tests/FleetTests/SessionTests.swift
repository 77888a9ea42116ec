import Fleet
import Testing

/// A connection to an engine, without a connection.
@Suite struct SessionTests {
  private static let info =
    "# Server\r\nredis_version:7.0.15\r\nrun_id:0123456789abcdef0123\r\n"
    + "role:master\r\nmaster_replid:fedcba98765432100000\r\nmaxmemory_policy:noeviction\r\nloading:0\r\n"
  private static let digest = "$40\r\n\(String(repeating: "d", count: 40))\r\n"

  private static func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }

  private static var digests: String { String(repeating: digest, count: FleetScript.all.count) }

  private func ready() throws -> HeldSession {
    let session = HeldSession(EngineSession(login: .init(username: "relay", password: "secret"), database: 3))
    let begun = session.begin()
    guard case .send(let octets)? = begun.first, begun.count == 1 else { throw Unexpected(begun) }
    #expect(
      octets.starts(with: RESPCommand.octets(["AUTH", "relay", "secret"]) + RESPCommand.octets(["SELECT", "3"])))
    let actions = session.receive("+OK\r\n+OK\r\n\(Self.bulk(Self.info))\(Self.digests)".utf8)
    guard case .ready(let facts)? = actions.first, actions.count == 1 else { throw Unexpected(actions) }
    #expect(facts.run == "0123456789abcdef-fedcba9876543210" && facts.version == "redis 7.0.15")
    #expect(facts.warnings.isEmpty)
    return session
  }

  @Test func itLogsInAndLoadsAllScripts() throws { _ = try ready() }

  static let refusals: [(String, String)] = [
    ("-WRONGPASS invalid username-password pair\r\n", "refuses the login"),
    ("+OK\r\n-ERR DB index is out of range\r\n", "database 3"),
    ("+OK\r\n+OK\r\n-NOPERM no permission\r\n", "INFO"),
    ("+OK\r\n+OK\r\n" + bulk("role:slave\r\nrun_id:0123456789\r\n"), "no primary"),
    ("+OK\r\n+OK\r\n" + bulk(info) + "-NOPERM no permission\r\n", "script claim"),
    ("HTTP/1.1 400 Bad Request\r\n", "no engine"),
  ]

  @Test(arguments: refusals) func whatCannotBeUsedIsClosed(_ octets: String, _ reason: String) throws {
    let session = HeldSession(EngineSession(login: .init(username: nil, password: "secret"), database: 3))
    _ = session.begin()
    guard case .close(let failure)? = session.receive(octets.utf8).last else { throw Unexpected([]) }
    #expect("\(failure)".contains(reason))
  }

  @Test func answersComeInOrderAndAreCutAnywhere() throws {
    let octets = Array("*1\r\n$1\r\na\r\n:5\r\n".utf8)
    for cut in octets.indices {
      let session = try ready()
      _ = session.run(.claim, keys: ["k", "e"], ["t"], id: 1)
      _ = session.command(["TIME"], id: 2)
      let answers = session.receive(octets[..<cut]) + session.receive(octets[cut...])
      #expect(answers == [.answer(1, .success(.array([.bulk([0x61])]))), .answer(2, .success(.integer(5)))])
      #expect(session.pending == 0)
    }
  }

  @Test func aScriptThatTheEngineForgotIsSentWhole() throws {
    let session = try ready()
    let digest = String(repeating: "d", count: 40)
    #expect(
      session.run(.claim, keys: ["k", "e"], ["t"], id: 1)
        == [.send(RESPCommand.octets(["EVALSHA", digest, "2", "k", "e", "t"]))])
    #expect(
      session.receive("-NOSCRIPT No matching script.\r\n".utf8)
        == [.send(RESPCommand.octets(["EVAL", FleetScript.claim.source, "2", "k", "e", "t"]))])
    #expect(session.receive("+done\r\n".utf8) == [.answer(1, .success(.simple("done")))])
  }

  @Test func aClaimThatNobodyWaitsForIsNotSentAgain() throws {
    let session = try ready()
    _ = session.run(.claim, keys: ["k", "e"], ["t"], id: 1)
    session.abandon(1)
    #expect(session.receive("-NOSCRIPT No matching script.\r\n".utf8).isEmpty)
  }

  @Test func aReplicaIsLeft() throws {
    let session = try ready()
    _ = session.run(.claim, keys: ["k", "e"], ["t"], id: 1)
    _ = session.command(["TIME"], id: 2)
    let failure = EngineFailure.refused("READONLY You can't write against a read only replica.")
    #expect(
      session.receive("-READONLY You can't write against a read only replica.\r\n".utf8)
        == [.answer(1, .failure(failure)), .answer(2, .failure(failure)), .close(failure)])
    #expect(session.command(["TIME"], id: 3) == [.answer(3, .failure(.notConnected))])
  }

  @Test func whatNobodyAskedClosesTheConnection() throws {
    let session = try ready()
    guard case .close? = session.receive("+OK\r\n".utf8).last else { throw Unexpected([]) }
  }

  @Test func nothingIsAskedBeforeItIsReady() {
    let session = HeldSession(EngineSession(login: nil))
    #expect(session.run(.claim, keys: [], [], id: 1) == [.answer(1, .failure(.notConnected))])
  }
}

/// A session as a reference: what changes it may stand in an expectation.
private final class HeldSession {
  private var session: EngineSession
  init(_ session: EngineSession) { self.session = session }
  var pending: Int { session.pending }
  func begin() -> [EngineSession.Action] { session.begin() }
  func receive(_ octets: some Sequence<UInt8>) -> [EngineSession.Action] { session.receive(octets) }
  func abandon(_ id: Int) { session.abandon(id) }
  func command(_ words: [String], id: Int) -> [EngineSession.Action] { session.command(words, id: id) }
  func run(_ script: FleetScript, keys: [String], _ arguments: [String], id: Int) -> [EngineSession.Action] {
    session.run(script, keys: keys, arguments, id: id)
  }
}

private struct Unexpected: Error {
  var actions: [EngineSession.Action]
  init(_ actions: [EngineSession.Action]) { self.actions = actions }
}
