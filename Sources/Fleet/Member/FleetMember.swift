package import DedupCore
import EventLog
package import Logging
package import NIOCore
import Synchronization

/// A relay as a member of a fleet: it claims windows at the engine, keeps claims while a mail is offered, and pushes
/// counts.
///
/// Nothing here waits longer than the patience for a claim, and nothing is kept for an engine that is away.
package final class FleetMember: Sendable {
  package struct Settings: Sendable {
    package var engine: EngineClient.Settings
    /// The name of the fleet, which begins all its keys.
    package var name: String
    /// The longest time that a mail waits for the answer to its claim.
    package var patience: Duration
    /// The random id of the store of this relay.
    package var store: String

    package init(engine: EngineClient.Settings, name: String, patience: Duration, store: String) {
      (self.engine, self.name, self.patience, self.store) = (engine, name, patience, store)
    }
  }

  /// The number of rulings of each kind since the start.
  package struct Counts: Hashable, Sendable {
    package var won = 0
    package var waited = 0
    package var covered = 0
    package var alone: [FleetMachine.Reason: Int] = [:]
    /// Mails that were delivered although the claim was another's by then.
    package var late = 0
    package var pushed = 0

    package init() {}
  }

  private struct State {
    var machine = FleetMachine()
    var counts = Counts()
    /// The epoch and the run of the engine that answered last.
    var epoch: String?
    var run: String?
    /// The generation of which everything was pushed; nil: of none.
    var pushedTo: String?
  }

  package let settings: Settings
  package let client: EngineClient
  private let logger: Logger
  private let clock: @Sendable () -> Duration
  private let state = Mutex(State())
  /// The time for which the engine keeps an error that no relay pushes any more, in seconds.
  static let timeToLive = 45 * 86_400
  static let patience = Duration.seconds(3)

  /// Creates a member; `client.run()` connects it.
  ///
  /// - Parameter clock: A clock that never jumps and counts the time that the machine sleeps.
  package init(
    _ settings: Settings, group: any EventLoopGroup, logger: Logger, clock: @escaping @Sendable () -> Duration
  ) throws(EngineFailure) {
    (self.settings, self.logger, self.clock) = (settings, logger, clock)
    client = try EngineClient(settings.engine, group: group, logger: logger)
  }

  package var counts: Counts { state.withLock { $0.counts } }

  /// True if the last claim found no engine.
  package var isAlone: Bool { state.withLock { $0.machine.isAlone } || client.standing.facts == nil }

  // MARK: - Claims

  /// Claims the window of an error for a mail.
  ///
  /// - Parameters:
  ///   - error: The name of the error in the fleet.
  ///   - window: The time for which a delivered mail holds back this one.
  ///   - marks: The marks of the pass and the resolve that the mail answers; only a mail that answered the same stands for
  ///     it.
  package func claim(
    _ error: String, for mail: QueueID, window: Duration, _ totals: ErrorTotals,
    marks: (pass: String?, resolve: String?)
  ) async -> FleetMachine.Ruling {
    let ruling = await rule(error, mail, window, totals.arguments + [marks.pass ?? "", marks.resolve ?? ""])
    state.withLock { $0.counts.note(ruling) }
    return ruling
  }

  private func rule(
    _ error: String, _ mail: QueueID, _ window: Duration, _ totals: [String]
  ) async -> FleetMachine.Ruling {
    let request = FleetMachine.Request(
      error: error, mail: mail, token: Self.token(), window: window, sentAt: clock())
    guard state.withLock({ $0.machine.mayAsk(at: request.sentAt) }) else { return .alone(.away) }
    let arguments = [
      request.token, "\(Lease.length.milliseconds)", "\(window.milliseconds)", "\(Self.timeToLive)",
    ]
    let answer = await client.run(
      .claim, keys: keys(error), arguments + totals, patience: settings.patience)
    let now = clock()
    guard case .success(let reply) = answer, let known = ClaimAnswer(reply) else {
      // It may have won all the same, without anybody knowing.
      if case .failure(.notConnected) = answer { return .alone(.away) }
      post(.release, error, request.token)
      logger.event(.debug, .fleetNoAnswer, [.answer: "\(answer)"])
      return state.withLock { $0.machine.failed(request, at: now) }
    }
    note(epoch: known.epoch)
    let ruling = state.withLock { $0.machine.rule(known, to: request, at: now) }
    if case .alone = ruling {
      post(.release, error, request.token)
      await look(known.engineTime, sentAt: request.sentAt)
    }
    return ruling
  }

  /// Runs `body` while the claim is renewed, as long as it may be.
  package func keep<Value: Sendable>(
    _ lease: Lease, of error: String, while body: @Sendable () async -> Value
  ) async -> Value {
    // Not a child task: what `body` returns never waits for an engine that hangs.
    let renewal = Task { await self.renew(lease, of: error) }
    defer { renewal.cancel() }
    return await body()
  }

  private func renew(_ lease: Lease, of error: String) async {
    while true {
      do { try await Task.sleep(for: Lease.renewal) } catch { return }
      guard lease.mayRenew(at: clock()) else { return }
      _ = await client.run(
        .renew, keys: keys(error), [lease.token, "\(Lease.length.milliseconds)"], patience: Self.patience)
    }
  }

  /// Says that a next hop took the mail: the window of the fleet begins.
  ///
  /// - Returns: false if the claim was another's by then, or the engine did not answer; another relay may have sent one
  ///   mail too.
  package func delivered(_ lease: Lease, of error: String) async -> Bool {
    let answer = await client.run(
      .delivered, keys: keys(error), [lease.token, "\(lease.madeAt)"], patience: Self.patience)
    let isDone = (try? answer.get()).flatMap { EngineReceipt($0) }?.isDone ?? false
    if !isDone { state.withLock { $0.counts.late += 1 } }
    return isDone
  }

  /// Gives up a claim.
  package func release(_ lease: Lease, of error: String) { post(.release, error, lease.token) }

  private func post(_ script: FleetScript, _ error: String, _ token: String) {
    // Sent in order on the one connection, so a claim that is still under way comes before.
    Task { _ = await client.run(script, keys: keys(error), [token], patience: Self.patience) }
  }

  // MARK: - Presence and counts

  /// Says that this relay is there, and watches the engine's clock.
  ///
  /// - Returns: true if the engine answered.
  package func hello(_ info: String) async -> Bool {
    let sentAt = clock()
    let answer = await client.run(
      .hello, keys: [key("relays"), key("epoch")], [Self.token(), settings.store, info], patience: Self.patience)
    guard let receipt = (try? answer.get()).flatMap({ EngineReceipt($0) }) else {
      if answer == .failure(.noAnswer) { client.cut() }
      return false
    }
    note(epoch: receipt.epoch)
    if clock() - sentAt <= settings.patience { state.withLock { $0.machine.answersAgain() } }
    await look(receipt.engineTime, sentAt: sentAt)
    return true
  }

  /// True if the engine lacks what was pushed: it is another one, or forgot everything.
  package var needsEverything: Bool { state.withLock { $0.pushedTo != generation($0) } || client.standing.facts == nil }

  /// Notes that everything was pushed since `generation` was read.
  package func pushedEverything(to generation: String?) { state.withLock { $0.pushedTo = generation } }

  /// The generation of the engine as far as it is known.
  package var generation: String? { state.withLock { generation($0) } }

  private func generation(_ state: State) -> String? {
    guard let run = client.standing.facts?.run, let epoch = state.epoch else { return nil }
    return "\(run):\(epoch)"
  }

  /// Pushes totals.
  ///
  /// - Returns: true if the engine has them.
  package func push(_ errors: [PushedError]) async -> Bool {
    let keys = [key("errors"), key("epoch")] + errors.map { errorKey($0.error) }
    let arguments = errors.flatMap { $0.totals.arguments + [$0.info] }
    let answer = await client.run(
      .push, keys: keys, [Self.token(), "\(Self.timeToLive)"] + arguments, patience: Self.patience)
    guard let receipt = (try? answer.get()).flatMap({ EngineReceipt($0) }) else { return false }
    note(epoch: receipt.epoch)
    state.withLock { $0.counts.pushed += errors.count }
    return true
  }

  /// The relays that were seen within a month, those seen last first.
  package func relays() async throws(EngineFailure) -> [FleetRelay] {
    let time = try await client.command(["TIME"], patience: Self.patience).get()
    let answer = try await client.command(["HGETALL", key("relays")], patience: Self.patience).get()
    guard let seconds = time.items?.first?.number, let pairs = answer.pairs else { return [] }
    return pairs.compactMap { pair -> FleetRelay? in
      guard let words = pair.value.text?.split(separator: " ", maxSplits: 1),
        let seen = words.first.flatMap({ Int64($0) })
      else { return nil }
      let age = max(.zero, Duration.seconds(seconds) - .milliseconds(seen))
      return FleetRelay(store: pair.name, seen: age, info: words.count == 2 ? String(words[1]) : "")
    }.sorted { $0.seen < $1.seen }
  }

  /// The errors that relays pushed last.
  package func errors(limit: Int) async throws(EngineFailure) -> [FleetError] {
    let words = ["ZREVRANGE", key("errors"), "0", "\(max(0, limit - 1))"]
    let list = try await client.command(words, patience: Self.patience).get()
    return try await errors(at: (list.items ?? []).compactMap(\.text))
  }

  /// The errors of these names that the engine has.
  package func errors(named names: [String]) async throws(EngineFailure) -> [FleetError] {
    try await errors(at: names.map { errorKey($0) })
  }

  private func errors(at keys: [String]) async throws(EngineFailure) -> [FleetError] {
    var errors: [FleetError] = []
    for name in keys {
      let fields = try await client.command(["HGETALL", name], patience: Self.patience).get()
      if let pairs = fields.pairs, !pairs.isEmpty {
        errors.append(FleetError(error: String(name.dropFirst(errorKey("").utf8.count)), pairs))
      }
    }
    return errors
  }

  // MARK: - The engine's clock and epoch

  func note(epoch: String) {
    let run = client.standing.facts?.run
    state.withLock { state in
      if state.epoch != epoch || state.run != run { state.machine.generationChanged() }
      (state.epoch, state.run) = (epoch, run)
    }
  }

  /// Begins another epoch if the engine's clock was set back.
  private func look(_ engineTime: Int64, sentAt: Duration) async {
    let (isSteady, epoch) = state.withLock {
      ($0.machine.read(engineTime, sentAt: sentAt, at: clock()), $0.epoch)
    }
    guard !isSteady, let epoch else { return }
    logger.event(.error, .fleetClockSetBack, [.reason: "the engine's clock was set back; its windows are forgotten"])
    let answer = await client.run(
      .turn, keys: [key("relays"), key("epoch")], [Self.token(), epoch], patience: Self.patience)
    if let receipt = (try? answer.get()).flatMap({ EngineReceipt($0) }) { note(epoch: receipt.epoch) }
  }

  func key(_ name: String) -> String { "maildedup:\(settings.name):\(name)" }
  private func errorKey(_ error: String) -> String { key("e:\(error)") }
  private func keys(_ error: String) -> [String] { [errorKey(error), key("epoch")] }

  static func token() -> String {
    String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
  }
}

extension FleetMember.Counts {
  fileprivate mutating func note(_ ruling: FleetMachine.Ruling) {
    switch ruling {
    case .deliver: won += 1
    case .wait: waited += 1
    case .covered: covered += 1
    case .alone(let reason): alone[reason, default: 0] += 1
    }
  }
}

extension Duration {
  /// Whole milliseconds, rounded down.
  var milliseconds: Int64 { Int64(self / .milliseconds(1)) }
}
