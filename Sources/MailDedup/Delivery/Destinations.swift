import DedupConfig
import DedupCore
import HostSystem
import Logging
import MailMessage
import NIOCore
import Synchronization

/// The destinations of queued mail, and what follows if a delivery fails.
struct Destinations: Sendable {
  var transport: any Transport
  /// The transports to the hosts to which an admin reroutes single mails.
  var sideways: SideRoutes
  var retry: RetryPolicy
  var bounces: BounceWriter
  /// The routes of the configuration, in its order; whatever none of them takes goes by `main`.
  var routes: [Route] = []
  /// The route of `[delivery]`, over `transport`.
  var main: Route
  /// The encryption of error mail.
  var encryption = ErrorMailEncryption.off
  /// The maximum number of simultaneous deliveries.
  var concurrency: Int
  /// The number of reloads since the start that redirected mail.
  var turns = 0

  init(
    transport: any Transport, sideways: SideRoutes = SideRoutes { _ in nil }, retry: RetryPolicy, bounces: BounceWriter,
    encryption: ErrorMailEncryption = .off,
    concurrency: Int
  ) {
    self.transport = transport
    main = Route(transport)
    self.sideways = sideways
    self.retry = retry
    self.bounces = bounces
    self.encryption = encryption
    self.concurrency = concurrency
  }
}

extension Destinations {
  /// Creates the routes of a configuration.
  ///
  /// - Throws: `StartFailure` if the CA certificates cannot be read, or those of the admins cannot be used.
  init(
    _ configuration: Configuration, largeMessages: any LargeMessages, hostname: String, group: any EventLoopGroup,
    logger: Logger
  ) throws(StartFailure) {
    let delivery = configuration.delivery
    self.init(
      transport: try NextHop.transport(delivery, hostname: hostname, group: group, logger: logger),
      sideways: SideRoutes { smarthost in
        try? NextHop.transport(delivery.only(smarthost), hostname: hostname, group: group, logger: logger)
      },
      retry: delivery.retry,
      bounces: BounceWriter(hostname: hostname, policy: delivery.retry, postmaster: delivery.postmaster),
      encryption: try ErrorMailEncryption(
        configuration.encryption, largeMessages: largeMessages, now: WallClock.now()),
      // A route that hangs takes no more than its own connections: there are places for the others.
      concurrency: delivery.connections * (1 + configuration.routes.count))
    main = Route(delivery, transport)
    for configured in configuration.routes {
      let delivery = configuration.delivery(on: configured)
      let transport: any Transport
      do throws(StartFailure) {
        transport = try NextHop.transport(delivery, hostname: hostname, group: group, logger: logger)
      } catch {
        throw StartFailure(.configuration, "[route \(configured.name)]: \(error)")
      }
      var route = Route(delivery, transport)
      (route.name, route.selector) = (configured.name, configured.selector)
      routes.append(route)
    }
  }
}

extension Destinations {
  /// All routes, that of `[delivery]` first.
  var allRoutes: [Route] { [main] + routes }

  /// The admission of mail by any route. If there are several, a closed one keeps its own mail waiting.
  var admission: Admission {
    guard !routes.isEmpty else { return transport.admission }
    let all = allRoutes.map(\.transport.admission)
    let open = all.filter { $0.state == .open || $0.scope != nil }
    guard !open.isEmpty else { return all.first { $0.state == .trial } ?? Self.firstToOpen(all) }
    return Admission(.open, mails: open.map(\.mails).reduce(0) { $0.saturatingAdding($1) })
  }

  private static func firstToOpen(_ closed: [Admission]) -> Admission {
    func pause(_ admission: Admission) -> Duration {
      if case .closed(let pause, _) = admission.state { pause } else { .zero }
    }
    return closed.min { pause($0) < pause($1) } ?? .open
  }

  /// Checks whether closed routes are open again.
  func lookAgain() async {
    for route in allRoutes { await route.transport.lookAgain() }
  }

  /// Returns the report of each smarthost, each once.
  ///
  /// - Parameter rerouted: The smarthosts that mail waits for because an admin sent it there; they come last.
  func hostReports(rerouted: [Smarthost] = []) async -> [HostReport] {
    var reports: [HostReport] = []
    for route in allRoutes {
      for report in await route.transport.hostReports() {
        if let index = reports.firstIndex(where: { $0.smarthost == report.smarthost }) {
          reports[index].join(report, over: route.name.map { "route \($0)" })
        } else {
          reports.append(report)
        }
      }
    }
    for report in await sideways.hostReports(of: rerouted) {
      if let index = reports.firstIndex(where: { $0.smarthost == report.smarthost }) {
        reports[index].join(report, over: "rerouted mail")
      } else {
        reports.append(report)
      }
    }
    return reports
  }

  /// Lets deliveries in progress end, and keeps no connection open afterwards.
  func retire() async {
    for route in allRoutes { await route.transport.retire() }
    await sideways.retire()
  }
}

extension HostReport {
  /// Joins a report of the same smarthost over another route, e.g. with another login: a failure only there is reported
  /// here.
  fileprivate mutating func join(_ report: HostReport, over way: String?) {
    connections += report.connections
    guard failure == nil, var other = report.failure else { return }
    if let way { other.reason = "\(way): \(other.reason)" }
    (failure, failsFor, nextLook) = (other, report.failsFor, report.nextLook)
  }
}

/// The transports to smarthosts that an admin named for single mails, each created when the first such mail is tried.
final class SideRoutes: Sendable {
  private let make: @Sendable (Smarthost) -> (any Transport)?
  private let made = Mutex<[Smarthost: any Transport]>([:])

  /// Creates an empty set of transports.
  ///
  /// - Parameter make: Creates the transport to a smarthost, or returns nil if that is not possible.
  init(_ make: @escaping @Sendable (Smarthost) -> (any Transport)?) { self.make = make }

  func transport(to smarthost: Smarthost) -> (any Transport)? {
    made.withLock { made in
      if let known = made[smarthost] { return known }
      let new = make(smarthost)
      made[smarthost] = new
      return new
    }
  }

  func retire() async {
    for transport in made.withLock({ Array($0.values) }) { await transport.retire() }
  }

  /// Returns the reports of those of `smarthosts` that were tried.
  func hostReports(of smarthosts: [Smarthost]) async -> [HostReport] {
    let known = made.withLock { made in smarthosts.compactMap { made[$0] } }
    var reports: [HostReport] = []
    for transport in known { reports += await transport.hostReports() }
    return reports
  }

  func forgetFailures() async {
    for transport in made.withLock({ Array($0.values) }) { await transport.forgetFailures() }
  }
}

extension Configuration.Delivery {
  /// Returns these settings with one host only. The password is for the hosts that the configuration names and for no
  /// other.
  func only(_ smarthost: Smarthost) -> Configuration.Delivery {
    var delivery = self
    if !smarthosts.contains(smarthost) {
      (delivery.username, delivery.passwordFile, delivery.tokenFile, delivery.tokenCommand) = (nil, nil, nil, nil)
    }
    (delivery.smarthosts, delivery.discards) = ([smarthost], false)
    return delivery
  }
}
