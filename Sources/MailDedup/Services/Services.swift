import ControlAPI
import DedupStore
import EventLog
import HostSystem
import Logging
import NIOCore
import SMTPServer
import ServiceLifecycle
import UnixSignals

/// A service that keeps the listener, which is already bound, until the shutdown.
struct ListenerService: Service {
  let listener: SMTPListener
  /// The time that sessions may take to finish their current work.
  let patience: Duration
  /// Ends once the control API answers. Until then, nothing is announced: who hears that the relay runs asks it next.
  let controlIsReady: AsyncStream<Never>
  /// Announces the start. It is called by this service because, from then on, a signal ends the relay in good order.
  let announce: @Sendable () -> Void
  let manager: ServiceManager

  func run() async throws {
    await cancelWhenGracefulShutdown { for await _ in controlIsReady {} }
    if !Task.isCancelled { announce() }
    try? await gracefulShutdown()
    manager.stopping()
    await listener.shutdown(within: patience)
  }
}

/// A service that returns memory that only the start needed, once all parts run.
struct StartupTrimmer: Service {
  func run() async throws {
    await cancelWhenGracefulShutdown {
      try? await Task.sleep(for: .seconds(1))
      ProgramPages.letGo()
    }
    try await gracefulShutdown()
  }
}

/// A service that checks every two seconds whether files that are re-read on change did change.
struct FileRefresher: Service {
  let refresh: @Sendable () -> Void

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        try? await Task.sleep(for: .seconds(2))
        refresh()
      }
    }
  }
}

/// A service that removes samples at the end of their age, even while no mail comes, since they may hold secrets.
struct RetentionService: Service {
  let store: SQLiteStore
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do { try await store.tidy() } catch {
          logger.event(.warning, .retentionFailed, [.error: "\(error)"])
        }
        try? await Task.sleep(for: .seconds(3600))
      }
    }
  }
}

/// A service that reads the configuration again on SIGHUP. If the signal means that the terminal is gone, the service
/// ends, and the relay with it: the admin who started it by hand has left.
struct HangUpService: Service {
  let hangUps: UnixSignalsSequence
  let terminal: Terminal
  let reloader: Reloader

  func run() async throws {
    for await _ in hangUps.cancelOnGracefulShutdown() {
      if terminal.isGone { break }
      _ = await reloader.reload()
    }
    await reloader.close()
  }
}

/// The control API as a service.
struct ControlEndpoint: Service {
  let server: ControlServer

  func run() async throws { try await server.run() }
}

/// A service that tells the service manager that the relay is alive, as long as every event loop and the tasks answer.
/// The disk is not checked: with a broken one there is still the next hop, and a restart would fix nothing.
struct WatchdogService: Service {
  let manager: ServiceManager
  let groups: [any EventLoopGroup]

  func run() async throws {
    guard let interval = manager.watchdogInterval else { return try await gracefulShutdown() }
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        if await answers() { manager.alive() }
        try? await Task.sleep(for: interval)
      }
    }
  }

  /// Waits for all loops to answer: a loop that hangs prevents the message to the manager.
  private func answers() async -> Bool {
    for loop in groups.flatMap({ Array($0.makeIterator()) }) {
      guard (try? await loop.submit({ true }).get()) == true else { return false }
    }
    return true
  }
}
