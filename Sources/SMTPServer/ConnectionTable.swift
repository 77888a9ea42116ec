import NIOCore
import Synchronization

/// Who is connected, and whether one more may be.
final class ConnectionTable: Sendable {
  enum Admission: Hashable {
    case admitted
    case tooMany
    case tooManyOfClient
    case shuttingDown
  }

  private struct State {
    var channels: [ObjectIdentifier: any Channel] = [:]
    var perClient: [String: Int] = [:]
    var counts = ConnectionCounts()
    var isShuttingDown = false
  }

  private let state = Mutex(State())
  /// Read without the lock at every command; a stale value does no harm.
  private let open = Atomic(0)

  var counts: ConnectionCounts { state.withLock { $0.counts } }

  func isUnderPressure(_ settings: ListenerSettings) -> Bool {
    open.load(ordering: .relaxed) * 5 > settings.maximumConnections * 4
  }

  func admit(_ channel: any Channel, from client: String, _ settings: ListenerSettings) -> Admission {
    state.withLock { state in
      if state.isShuttingDown { return .shuttingDown }
      let allowed = Self.isLoopback(client) ? settings.maximumPerLoopbackClient : settings.maximumPerClient
      let admission: Admission =
        state.channels.count >= settings.maximumConnections
        ? .tooMany : state.perClient[client, default: 0] >= allowed ? .tooManyOfClient : .admitted
      guard admission == .admitted else {
        state.counts.refused += 1
        return admission
      }
      state.channels[ObjectIdentifier(channel)] = channel
      state.perClient[client, default: 0] += 1
      state.counts.total += 1
      state.counts.open = state.channels.count
      open.store(state.channels.count, ordering: .relaxed)
      return .admitted
    }
  }

  /// Only for a channel that was admitted.
  func remove(_ channel: any Channel, from client: String) {
    state.withLock { state in
      guard state.channels.removeValue(forKey: ObjectIdentifier(channel)) != nil else { return }
      let left = state.perClient[client, default: 1] - 1
      state.perClient[client] = left > 0 ? left : nil
      state.counts.open = state.channels.count
      open.store(state.channels.count, ordering: .relaxed)
    }
  }

  /// From now on nobody is admitted.
  ///
  /// - Returns: those who are here.
  func shutDown() -> [any Channel] {
    state.withLock { state in
      state.isShuttingDown = true
      return Array(state.channels.values)
    }
  }

  static func isLoopback(_ client: String) -> Bool { client.hasPrefix("127.") || client == "::1" || client == "unix" }
}
