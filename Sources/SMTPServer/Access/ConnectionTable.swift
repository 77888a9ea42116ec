import NIOCore
import Synchronization

/// The table of open connections, which decides whether one more may be admitted.
///
/// A connection takes its place when it is accepted. It counts towards its client once the client is known, which
/// behind a proxy is later. Strangers, who may not send without a login, have a smaller number of places of their own,
/// so that they never take the places of clients that may send. A client that logs in is no longer a stranger.
final class ConnectionTable: Sendable {
  enum Admission: Hashable {
    case admitted
    case tooMany
    case tooManyOfClient
    /// Too many connections of strangers, or of a proxy that has not yet named its clients.
    case tooManyBeforeLogin
    case shuttingDown
  }

  /// A queue of clients that may send and wait for a place, first come, first served.
  enum Line: Hashable, Sendable {
    /// All places are taken.
    case all
    /// This client has as many as it may.
    case client(String)
  }

  private struct Waiting {
    let channel: any Channel
    let call: @Sendable () -> Void
  }

  private enum Trust: Hashable {
    /// A proxy has not yet named the client.
    case unknown
    case stranger
    case permitted
  }

  private struct Place {
    let channel: any Channel
    var standing: Trust
    /// The key under which the client is counted (`Peer.countedAs`), or nil until the client is known.
    var client: String?
  }

  /// The connections of one client.
  private struct Tally {
    var all = 0
    var strangers = 0
  }

  private struct State {
    var places: [ObjectIdentifier: Place] = [:]
    var perClient: [String: Tally] = [:]
    var unknown = 0
    var strangers = 0
    var counts = ConnectionCounts()
    var isShuttingDown = false
    var lines: [Line: CircularBuffer<Waiting>] = [:]

    func isWaiting(_ line: Line) -> Bool { lines[line] != nil }

    /// Removes the first connection of a line, whose turn it is, and returns it.
    mutating func pop(_ line: Line) -> Waiting? {
      guard let first = lines[line]?.popFirst() else { return nil }
      if lines[line]?.isEmpty == true { lines[line] = nil }
      counts.waiting -= 1
      return first
    }

    /// Changes a place and moves it to the counts it belongs to after the change.
    mutating func change(_ channel: any Channel, _ change: (inout Place) -> Void) {
      guard var place = places[ObjectIdentifier(channel)] else { return }
      count(place, by: -1)
      change(&place)
      count(place, by: 1)
      places[ObjectIdentifier(channel)] = place
    }

    mutating func count(_ place: Place, by change: Int) {
      if place.standing == .unknown { unknown += change }
      if place.standing == .stranger { strangers += change }
      guard let client = place.client else { return }
      var tally = perClient[client, default: Tally()]
      tally.all += change
      if place.standing == .stranger { tally.strangers += change }
      perClient[client] = tally.all > 0 ? tally : nil
    }
  }

  private let state = Mutex(State())
  private let pacing: ReplyPacing
  /// The number of open connections, read without the lock at every command; a stale value does no harm.
  private let open = Atomic(0)

  /// - Parameter pacing: told of each connection that opens or closes.
  init(_ pacing: ReplyPacing) { self.pacing = pacing }

  var counts: ConnectionCounts { state.withLock { $0.counts } }

  func count(_ change: (inout ConnectionCounts) -> Void) { state.withLock { change(&$0.counts) } }

  func isUnderPressure(_ settings: ListenerSettings) -> Bool {
    open.load(ordering: .relaxed) * 5 > settings.maximumConnections * 4
  }

  /// Gives the connection a place. The caller removes each admitted connection at its end.
  ///
  /// - Parameters:
  ///   - isProxied: true if a proxy is yet to name the client.
  ///   - isCalled: true if the connection has waited and it is its turn. No other connection overtakes those that wait.
  func admit(
    _ channel: any Channel, isProxied: Bool, isCalled: Bool = false, _ settings: ListenerSettings
  ) -> Admission {
    let admission = state.withLock { state -> Admission in
      if state.isShuttingDown { return .shuttingDown }
      guard state.places.count < settings.maximumConnections, isCalled || !state.isWaiting(.all) else {
        return .tooMany
      }
      guard !isProxied || state.unknown < settings.placesBeforeLogin else { return .tooManyBeforeLogin }
      let place = Place(channel: channel, standing: isProxied ? .unknown : .permitted)
      state.count(place, by: 1)
      state.places[ObjectIdentifier(channel)] = place
      note(&state)
      return .admitted
    }
    if admission == .admitted { pacing.connectionOpened() }
    return admission
  }

  /// Records the client of a connection, once for each admitted one. If the client has too many, the place is freed.
  func assign(
    _ channel: any Channel, to client: String, isLocal: Bool, isStranger: Bool, isCalled: Bool = false,
    _ settings: ListenerSettings
  ) -> Admission {
    let admission = state.withLock { state -> Admission in
      if state.isShuttingDown { return .shuttingDown }
      let tally = state.perClient[client, default: Tally()]
      guard tally.all < settings.maximumPerClient(isLocal: isLocal), isCalled || !state.isWaiting(.client(client))
      else {
        return .tooManyOfClient
      }
      if isStranger {
        guard state.strangers < settings.placesBeforeLogin else { return .tooManyBeforeLogin }
        guard tally.strangers < settings.placesPerStranger else { return .tooManyOfClient }
      }
      state.change(channel) { place in
        place.client = client
        place.standing = isStranger ? .stranger : .permitted
      }
      state.counts.total += 1
      return .admitted
    }
    if admission == .tooManyOfClient || admission == .tooManyBeforeLogin { remove(channel) }
    return admission
  }

  /// Ends the client's status as a stranger after a login.
  func promote(_ channel: any Channel) {
    state.withLock { state in state.change(channel) { $0.standing = .permitted } }
  }

  func remove(_ channel: any Channel) {
    let (wasHere, next) = state.withLock { state -> (Bool, Waiting?) in
      guard let place = state.places.removeValue(forKey: ObjectIdentifier(channel)) else { return (false, nil) }
      state.count(place, by: -1)
      note(&state)
      return (true, place.client.flatMap { state.pop(.client($0)) } ?? state.pop(.all))
    }
    if wasHere { pacing.connectionClosed() }
    if let next { next.channel.eventLoop.execute(next.call) }
  }

  // MARK: - Lines

  /// Puts the connection of a client that may send at the end of a line.
  ///
  /// - Parameters:
  ///   - isLocal: true if the client is on this machine.
  ///   - call: called on the connection's event loop when its turn comes; it has no place before `admit` grants one.
  /// - Returns: the reason why it may not wait, or nil if it waits.
  func wait(
    _ channel: any Channel, in line: Line, isLocal: Bool, _ settings: ListenerSettings,
    call: @escaping @Sendable () -> Void
  ) -> Admission? {
    let obstacle = state.withLock { state -> Admission? in
      if state.isShuttingDown { return .shuttingDown }
      guard state.counts.waiting < settings.maximumWaiting else { return .tooMany }
      state.lines[line, default: CircularBuffer()].append(Waiting(channel: channel, call: call))
      state.counts.waiting += 1
      return nil
    }
    // The place may have become free since it was refused.
    if obstacle == nil, isFree(line, isLocal: isLocal, settings) { callNext(in: line) }
    return obstacle
  }

  private func isFree(_ line: Line, isLocal: Bool, _ settings: ListenerSettings) -> Bool {
    state.withLock { state in
      switch line {
      case .all: state.places.count < settings.maximumConnections
      case .client(let client):
        state.perClient[client]?.all ?? 0 < settings.maximumPerClient(isLocal: isLocal)
      }
    }
  }

  /// Gives the turn to the first connection of a line.
  func callNext(in line: Line) {
    guard let next = state.withLock({ $0.pop(line) }) else { return }
    next.channel.eventLoop.execute(next.call)
  }

  /// Removes a connection that gave up from its line. If its turn had just come, the turn passes to the next one.
  func leave(_ channel: (any Channel)?, _ line: Line) {
    let wasCalled = state.withLock { state -> Bool in
      guard let index = state.lines[line]?.firstIndex(where: { $0.channel === channel }) else { return true }
      _ = state.lines[line]?.remove(at: index)
      if state.lines[line]?.isEmpty == true { state.lines[line] = nil }
      state.counts.waiting -= 1
      return false
    }
    if wasCalled { callNext(in: line) }
  }

  private func note(_ state: inout State) {
    state.counts.open = state.places.count
    open.store(state.places.count, ordering: .relaxed)
  }

  /// Stops admitting connections.
  ///
  /// - Returns: the open connections and the waiting ones.
  func shutDown() -> [any Channel] {
    state.withLock { state in
      state.isShuttingDown = true
      return state.places.values.map(\.channel) + state.lines.values.joined().map(\.channel)
    }
  }
}
