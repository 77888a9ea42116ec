import ControlAPI
import DedupStore
import HostSystem
import Logging
import NIOCore
import SMTPServer
import ServiceLifecycle
import UnixSignals

/// Keeps the listener, which is already bound, until the shutdown.
struct ListenerService: Service {
  let listener: SMTPListener
  /// How long sessions may take to finish what they are at.
  let patience: Duration
  /// Tells the world. Called from here, since from here on a signal ends the relay in good order.
  let announce: @Sendable () -> Void
  let manager: ServiceManager

  func run() async throws {
    announce()
    try? await gracefulShutdown()
    manager.stopping()
    await listener.shutdown(within: patience)
  }
}

/// Gives back what only the start needed, once all parts run.
struct StartupTrimmer: Service {
  func run() async throws {
    await cancelWhenGracefulShutdown {
      try? await Task.sleep(for: .seconds(1))
      ProgramPages.letGo()
    }
    try await gracefulShutdown()
  }
}

/// Looks every few seconds whether the files that are read again when they change did change.
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

/// Samples may hold secrets and are kept for so long and no longer, also while no mail comes.
struct RetentionService: Service {
  let store: SQLiteStore
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do { try await store.tidy() } catch {
          logger.warning("retention-failed", metadata: ["error": "\(error)"])
        }
        try? await Task.sleep(for: .seconds(3600))
      }
    }
  }
}

/// SIGHUP reads the configuration again. When it means that the terminal is gone, the service ends, and the relay with
/// it: whoever started the relay by hand has left.
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

/// Tells the service manager that we are alive, as long as we are: every event loop answers, and so do tasks. Not asked
/// is the disk: with a broken one there is still the next hop, and a restart would mend nothing.
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

  /// Waits for the loops: who hangs keeps us from telling.
  private func answers() async -> Bool {
    for loop in groups.flatMap({ Array($0.makeIterator()) }) {
      guard (try? await loop.submit({ true }).get()) == true else { return false }
    }
    return true
  }
}
