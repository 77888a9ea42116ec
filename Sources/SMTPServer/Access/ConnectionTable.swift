import NIOCore
import Synchronization

/// Who is connected, and whether one more may be.
///
/// A connection takes its place when it is accepted. It counts as its client's once the client is known, which behind a
/// proxy is later. Strangers, who may not send without a login, have a smaller number of places of their own, so that
/// they never take those of clients that may; who logs in is none any more.
final class ConnectionTable: Sendable {
  enum Admission: Hashable {
    case admitted
    case tooMany
    case tooManyOfClient
    /// Of strangers, or of connections of a proxy that has not said whose they are.
    case tooManyBeforeLogin
    case shuttingDown
  }

  /// Where clients that may send wait for a place, the first to come at its head.
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

  private enum Standing: Hashable {
    /// A proxy has not said yet whose it is.
    case unknown
    case stranger
    case permitted
  }

  private struct Place {
    let channel: any Channel
    var standing: Standing
    /// Nil until it is known.
    var client: String?
  }

  /// Connections of one client.
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

    /// The first of a line, whose turn it is.
    mutating func pop(_ line: Line) -> Waiting? {
      guard let first = lines[line]?.popFirst() else { return nil }
      if lines[line]?.isEmpty == true { lines[line] = nil }
      counts.waiting -= 1
      return first
    }

    /// Changes a place, and counts it as what it is then.
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
  /// Read without the lock at every command; a stale value does no harm.
  private let open = Atomic(0)

  /// - Parameter pacing: is told of connections that come and go.
  init(_ pacing: ReplyPacing) { self.pacing = pacing }

  var counts: ConnectionCounts { state.withLock { $0.counts } }

  func count(_ change: (inout ConnectionCounts) -> Void) { state.withLock { change(&$0.counts) } }

  func isUnderPressure(_ settings: ListenerSettings) -> Bool {
    open.load(ordering: .relaxed) * 5 > settings.maximumConnections * 4
  }

  /// Gives the connection a place. Whoever is admitted is to be removed at the end.
  ///
  /// - Parameters:
  ///   - isProxied: whether a proxy is to say whose it is.
  ///   - isCalled: whether it waited, and it is its turn. Nobody else goes before those who wait.
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

  /// Whose connection it is; once for each that was admitted. When the client has too many, the place is free again.
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

  /// The client logged in: it is a stranger no more.
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
  ///   - isLocal: whether the client is on this machine.
  ///   - call: is called on its event loop when it is its turn; the place is not its own before `admit`.
  /// - Returns: why it may not wait; nil: it waits.
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
    // The place may be free since it was refused.
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

  /// Gives the turn to the first of a line.
  func callNext(in line: Line) {
    guard let next = state.withLock({ $0.pop(line) }) else { return }
    next.channel.eventLoop.execute(next.call)
  }

  /// Takes a connection that gave up out of its line. Had its turn come just then, it is the next one's.
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

  /// From now on nobody is admitted.
  ///
  /// - Returns: those who are here, and those who wait.
  func shutDown() -> [any Channel] {
    state.withLock { state in
      state.isShuttingDown = true
      return state.places.values.map(\.channel) + state.lines.values.joined().map(\.channel)
    }
  }
}
