/// One connection to an engine as a value: octets go in, octets and answers come out. It holds no socket and no clock.
///
/// It logs in, reads what the engine is, and loads the scripts; everything of that is sent at once. After that, requests
/// are answered in the order in which they were made.
package struct EngineSession: Sendable {
  package enum Action: Hashable, Sendable {
    case send([UInt8])
    /// The engine may be asked.
    case ready(EngineFacts)
    case answer(Int, Result<RESPValue, EngineFailure>)
    /// The connection is of no use.
    case close(EngineFailure)
  }

  /// A name and a password for AUTH.
  package struct Login: Sendable {
    package var username: String?
    package var password: String

    package init(username: String?, password: String) { (self.username, self.password) = (username, password) }
  }

  private enum Awaited {
    case login
    case database
    case facts
    case script(Int)
    /// A request, with the script to send whole if the engine does not have it.
    case request(Int, whole: [String]?)
  }

  private let login: Login?
  private let database: Int
  /// False for a connection to a Sentinel, which holds neither data nor scripts.
  private let isEngine: Bool
  private var decoder = RESPDecoder()
  private var awaited: [Awaited] = []
  private var first = 0
  private var digests: [FleetScript: String] = [:]
  private var facts: EngineFacts?
  private var abandoned: Set<Int> = []
  private var isReady = false
  private var isClosed = false

  package init(login: Login?, database: Int = 0, isEngine: Bool = true) {
    (self.login, self.database, self.isEngine) = (login, database, isEngine)
  }

  /// The number of answers that are awaited.
  package var pending: Int { awaited.count - first }

  /// Begins the session on an open connection.
  package mutating func begin() -> [Action] {
    var octets: [UInt8] = []
    func send(_ words: [String], _ reply: Awaited) {
      octets += RESPCommand.octets(words)
      awaited.append(reply)
    }
    if let login { send(["AUTH"] + (login.username.map { [$0] } ?? []) + [login.password], .login) }
    guard isEngine else {
      isReady = true
      return (octets.isEmpty ? [] : [.send(octets)]) + [.ready(EngineFacts())]
    }
    if database != 0 { send(["SELECT", "\(database)"], .database) }
    send(["INFO"], .facts)
    for (index, script) in FleetScript.all.enumerated() {
      send(["SCRIPT", "LOAD", script.source], .script(index))
    }
    return [.send(octets)]
  }

  /// Runs a script; the answer comes under `id`.
  package mutating func run(_ script: FleetScript, keys: [String], _ arguments: [String], id: Int) -> [Action] {
    let rest = ["\(keys.count)"] + keys + arguments
    guard isReady, !isClosed, let digest = digests[script] else { return [.answer(id, .failure(.notConnected))] }
    awaited.append(.request(id, whole: ["EVAL", script.source] + rest))
    return [.send(RESPCommand.octets(["EVALSHA", digest] + rest))]
  }

  /// Sends a plain command; the answer comes under `id`.
  package mutating func command(_ words: [String], id: Int) -> [Action] {
    guard isReady, !isClosed else { return [.answer(id, .failure(.notConnected))] }
    awaited.append(.request(id, whole: nil))
    return [.send(RESPCommand.octets(words))]
  }

  /// Gives up a request, whose answer is not waited for any more.
  package mutating func abandon(_ id: Int) { abandoned.insert(id) }

  /// Takes octets from the engine.
  package mutating func receive(_ octets: some Sequence<UInt8>) -> [Action] {
    if isClosed { return [] }
    do throws(RESPFault) {
      var actions: [Action] = []
      for reply in try decoder.receive(octets) where !isClosed { actions += take(reply) }
      return actions
    } catch {
      return close(.noEngine("\(error)"))
    }
  }

  /// Ends the session: everything that is awaited fails.
  package mutating func close(_ failure: EngineFailure) -> [Action] {
    if isClosed { return [] }
    isClosed = true
    let open = awaited[first...].compactMap { if case .request(let id, _) = $0 { id } else { nil } }
    (awaited, first) = ([], 0)
    return open.filter { !abandoned.contains($0) }.map { .answer($0, .failure(failure)) } + [.close(failure)]
  }

  private mutating func take(_ reply: RESPValue) -> [Action] {
    guard first < awaited.count else { return close(.noEngine("the engine says something that nobody asked")) }
    let next = awaited[first]
    first += 1
    if first > 100, first * 2 > awaited.count {
      awaited.removeSubrange(..<first)
      first = 0
    }
    switch next {
    case .login: return reply.isOK ? [] : close(.refused("the engine refuses the login: \(reply.complaint)"))
    case .database: return reply.isOK ? [] : close(.refused("database \(database): \(reply.complaint)"))
    case .facts: return take(facts: reply)
    case .script(let index): return take(digest: reply, of: FleetScript.all[index])
    case .request(let id, let whole): return take(reply, of: id, whole: whole)
    }
  }

  private mutating func take(facts reply: RESPValue) -> [Action] {
    guard let text = reply.text else { return close(.refused("INFO: \(reply.complaint)")) }
    let facts = EngineFacts(info: text)
    if let problem = facts.obstacle { return close(.refused(problem)) }
    self.facts = facts
    return []
  }

  private mutating func take(digest reply: RESPValue, of script: FleetScript) -> [Action] {
    guard let digest = reply.text, digest.utf8.count == 40 else {
      return close(.refused("script \(script.name): \(reply.complaint)"))
    }
    digests[script] = digest
    guard digests.count == FleetScript.all.count, let facts else { return [] }
    isReady = true
    return [.ready(facts)]
  }

  private mutating func take(_ reply: RESPValue, of id: Int, whole: [String]?) -> [Action] {
    let isAbandoned = abandoned.remove(id) != nil
    guard case .error(let text) = reply else { return isAbandoned ? [] : [.answer(id, .success(reply))] }
    if text.hasPrefix("NOSCRIPT"), let whole {
      if isAbandoned { return [] }
      awaited.append(.request(id, whole: nil))
      return [.send(RESPCommand.octets(whole))]
    }
    let failure = EngineFailure.refused(reply.complaint)
    let answer = isAbandoned ? [] : [Action.answer(id, .failure(failure))]
    // A primary that became a replica takes no writes: there is another one by now.
    return text.hasPrefix("READONLY") ? answer + close(failure) : answer
  }
}

extension RESPValue {
  fileprivate var isOK: Bool { self == .simple("OK") }

  /// The fault of a reply, in a line.
  fileprivate var complaint: String {
    switch self {
    case .error(let text): String(text.prefix(200))
    default: "an answer of another kind than expected"
    }
  }
}
