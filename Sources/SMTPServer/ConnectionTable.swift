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

    mutating func refuse(_ admission: Admission) -> Admission {
      counts.refused += 1
      return admission
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
  /// - Parameter isProxied: whether a proxy is to say whose it is.
  func admit(_ channel: any Channel, isProxied: Bool, _ settings: ListenerSettings) -> Admission {
    let admission = state.withLock { state -> Admission in
      if state.isShuttingDown { return .shuttingDown }
      guard state.places.count < settings.maximumConnections else { return state.refuse(.tooMany) }
      guard !isProxied || state.unknown < settings.placesBeforeLogin else { return state.refuse(.tooManyBeforeLogin) }
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
    _ channel: any Channel, to client: String, isLocal: Bool, isStranger: Bool, _ settings: ListenerSettings
  ) -> Admission {
    let admission = state.withLock { state -> Admission in
      if state.isShuttingDown { return .shuttingDown }
      let tally = state.perClient[client, default: Tally()]
      let allowed = isLocal ? settings.maximumPerLoopbackClient : settings.maximumPerClient
      guard tally.all < allowed else { return state.refuse(.tooManyOfClient) }
      if isStranger {
        guard state.strangers < settings.placesBeforeLogin else { return state.refuse(.tooManyBeforeLogin) }
        guard tally.strangers < settings.placesPerStranger else { return state.refuse(.tooManyOfClient) }
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
    let wasHere = state.withLock { state in
      guard let place = state.places.removeValue(forKey: ObjectIdentifier(channel)) else { return false }
      state.count(place, by: -1)
      note(&state)
      return true
    }
    if wasHere { pacing.connectionClosed() }
  }

  private func note(_ state: inout State) {
    state.counts.open = state.places.count
    open.store(state.places.count, ordering: .relaxed)
  }

  /// From now on nobody is admitted.
  ///
  /// - Returns: those who are here.
  func shutDown() -> [any Channel] {
    state.withLock { state in
      state.isShuttingDown = true
      return state.places.values.map(\.channel)
    }
  }
}
