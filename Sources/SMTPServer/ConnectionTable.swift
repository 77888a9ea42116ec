import NIOCore
import Synchronization

/// Who is connected, and whether one more may be.
///
/// A connection takes its place when it is accepted. It counts as its client's once the client is known, which behind a
/// proxy is later.
final class ConnectionTable: Sendable {
  enum Admission: Hashable {
    case admitted
    case tooMany
    case tooManyOfClient
    case shuttingDown
  }

  private struct Place {
    let channel: any Channel
    /// Nil until it is known.
    var client: String?
  }

  private struct State {
    var places: [ObjectIdentifier: Place] = [:]
    var perClient: [String: Int] = [:]
    var counts = ConnectionCounts()
    var isShuttingDown = false
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
  func admit(_ channel: any Channel, _ settings: ListenerSettings) -> Admission {
    let admission = state.withLock { state -> Admission in
      if state.isShuttingDown { return .shuttingDown }
      guard state.places.count < settings.maximumConnections else {
        state.counts.refused += 1
        return .tooMany
      }
      state.places[ObjectIdentifier(channel)] = Place(channel: channel)
      note(&state)
      return .admitted
    }
    if admission == .admitted { pacing.connectionOpened() }
    return admission
  }

  /// Whose connection it is; once for each that was admitted. When the client has too many, the place is free again.
  func assign(
    _ channel: any Channel, to client: String, isLocal: Bool, _ settings: ListenerSettings
  ) -> Admission {
    let admission = state.withLock { state -> Admission in
      if state.isShuttingDown { return .shuttingDown }
      let allowed = isLocal ? settings.maximumPerLoopbackClient : settings.maximumPerClient
      guard state.perClient[client, default: 0] < allowed else {
        state.counts.refused += 1
        return .tooManyOfClient
      }
      state.places[ObjectIdentifier(channel)]?.client = client
      state.perClient[client, default: 0] += 1
      state.counts.total += 1
      return .admitted
    }
    if admission == .tooManyOfClient { remove(channel) }
    return admission
  }

  func remove(_ channel: any Channel) {
    let wasHere = state.withLock { state in
      guard let place = state.places.removeValue(forKey: ObjectIdentifier(channel)) else { return false }
      if let client = place.client {
        let left = state.perClient[client, default: 1] - 1
        state.perClient[client] = left > 0 ? left : nil
      }
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
