import ControlAPI
import DedupConfig
import DedupCore
import DedupStore
import Foundation
import HostSystem

/// The checks of `dedupctl doctor`, in the order of a mail's path. A check that is not possible because of an earlier
/// failure is reported as skipped, not as working.
struct DoctorChecks {
  /// The path of the configuration.
  let path: String

  /// Runs all checks.
  ///
  /// - Returns: The findings, and the exit status for a failure, which is the one of every other command.
  func findings() async -> (findings: [Finding], status: ExitStatus) {
    let parsed: ParsedConfiguration
    do throws(ConfigurationFile.Failure) { parsed = try ConfigurationFile.read(path) } catch {
      return (
        [Finding("configuration", .fails, error.description)], error.isPermission ? .permission : .failure
      )
    }
    let configuration = parsed.configuration
    let client = ControlClient(socket: configuration.control.socket)
    let (daemon, status, exit) = await daemon(client, configuration.control.socket)
    var findings = Self.findings(of: parsed, path) + [daemon]
    findings += Self.endpoints(configuration.listener).map(listener)
    findings += [Self.disk(configuration.store, status), await Self.store(configuration.store, client, status)]
    findings.append(Self.spool(configuration.store, status))
    findings += await Self.sites(client, status, configuration.sites)
    findings += await Self.upstream(client, status)
    return (findings, exit)
  }

  private static func findings(of parsed: ParsedConfiguration, _ path: String) -> [Finding] {
    let remedy = "the relay would not start with this, and a reload would refuse it; correct that line"
    let problems =
      parsed.errors.map { Finding("configuration", .fails, "\($0)", remedy: remedy) }
      + parsed.warnings.map { Finding("configuration", .warns, "\($0)") }
    return problems.isEmpty ? [Finding("configuration", .works, path)] : problems
  }

  private func daemon(
    _ client: ControlClient, _ socket: String
  ) async -> (Finding, StatusReport?, ExitStatus) {
    do {
      let status = try await client.status()
      let pid = status.daemon.map { ", pid \($0.pid)" } ?? ""
      return (Finding("daemon", .works, "answers on \(socket), version \(status.version)\(pid)"), status, .failure)
    } catch let unreachable as ControlClient.Unreachable {
      let exit = unreachable.isPermission ? ExitStatus.permission : .unreachable
      return (Finding("daemon", .fails, unreachable.reason, remedy: start(unreachable.remedy)), nil, exit)
    } catch {
      return (Finding("daemon", .fails, "\(error)", remedy: "look at the log of the relay"), nil, .failure)
    }
  }

  private func start(_ remedy: String) -> String { StartCommand.inRemedy(remedy, path) }

  // MARK: - Listeners

  private static func endpoints(_ listener: Configuration.Listener) -> [(name: String, GreetingProbe.Address)] {
    func tcp(_ endpoints: [Endpoint], _ expectsGreeting: Bool) -> [(String, GreetingProbe.Address)] {
      endpoints.map { ("\($0)", .tcp(host: $0.host, port: $0.port, expectsGreeting: expectsGreeting)) }
    }
    return tcp(listener.addresses, true) + tcp(listener.tlsAddresses, false)
      + (listener.socket.map { [($0, .socket($0))] } ?? [])
  }

  private func listener(_ name: String, _ address: GreetingProbe.Address) -> Finding {
    do throws(GreetingProbe.Failure) {
      let greeting = try GreetingProbe.greeting(of: address)
      return Finding("listener", .works, greeting.isEmpty ? "\(name) takes connections" : "\(name) greets: \(greeting)")
    } catch {
      let parts = error.description.split(separator: "; ", maxSplits: 1).map(String.init)
      return Finding("listener", .fails, "\(name): \(parts[0])", remedy: parts.dropFirst().first.map(start))
    }
  }

  // MARK: - What is kept

  /// The free space in octets below which the disk is nearly full; on a smaller disk, one part in a hundred.
  private static let fewOctets = 256 << 20

  private static func disk(_ store: Configuration.Store, _ status: StatusReport?) -> Finding {
    let remedy = "free some space on the disk of \(store.directory)"
    if let full = status?.daemon?.trouble.diskFullSince {
      return Finding("disk", .fails, "full since \(Output.time(full)): new mail is not taken", remedy: remedy)
    }
    guard let space = DiskSpace(path: store.directory) else {
      return Finding(
        "disk", .fails, "\(store.directory) is not there or may not be looked at",
        remedy: "start maildedup, which makes it, or run dedupctl as root")
    }
    if let shortage = space.shortage(for: 0, StoreLimits()) {
      return Finding("disk", .fails, "new mail is not taken: \(shortage)", remedy: remedy)
    }
    if let obstacle = obstacle(at: store.directory) { return Finding("disk", .fails, obstacle, remedy: remedy) }
    let isShort = space.free < space.reserve(of: fewOctets, part: 100)
    let text = "\(Output.size(space.free)) are free where \(store.directory) is"
    return isShort ? Finding("disk", .warns, text, remedy: remedy) : Finding("disk", .works, text)
  }

  private static func store(
    _ store: Configuration.Store, _ client: ControlClient, _ status: StatusReport?
  ) async -> Finding {
    do {
      let errors =
        status == nil
        ? try await StoreReader(readingDirectory: store.directory).statistics(since: WallClock.now()).errors
        : try await client.statistics(days: 1).errors
      if let database = status?.daemon?.trouble.setAside?.first {
        return Finding(
          "store", .warns, "a damaged database was set aside as \(database.path)",
          remedy: "its errors are new to the relay; remove the file when nobody needs it any more")
      }
      return Finding("store", .works, "\(store.directory), \(DisplayText.count(errors, "error"))")
    } catch let failure as StoreFailure {
      return Finding("store", .fails, failure.description, remedy: remedy(failure, store.directory))
    } catch {
      return Finding("store", .fails, "\(error)", remedy: "look at the log of the relay")
    }
  }

  /// Returns what mends the store, or nil if the failure says so itself.
  static func remedy(_ failure: StoreFailure, _ directory: String) -> String? {
    if failure.description.contains("no relay has used") {
      return "no relay ran here yet: start maildedup, which makes the store, or correct [store] directory"
    }
    return switch failure.kind {
    case .corrupt: "start maildedup: it sets the damaged file aside and begins a new one"
    case .unreadable, .ioError: "look after the disk of \(directory)"
    case .locked: "end the other program that has the database open"
    case .readOnly: "run dedupctl as root or as a member of the group maildedup"
    case .diskFull: "free some space on the disk of \(directory)"
    case .closed, .other: failure.description.contains(";") ? nil : "look at the log of the relay"
    }
  }

  private static func spool(_ store: Configuration.Store, _ status: StatusReport?) -> Finding {
    guard let waiting = status?.daemon?.trouble.spoolWaiting else { return skipped("spool") }
    if let obstacle = obstacle(at: store.spool) {
      return Finding(
        "spool", .fails, obstacle, remedy: "correct [store] spool; the relay makes the folder when it needs it")
    }
    guard waiting > 0 else { return Finding("spool", .works, "nothing waits in \(store.spool)") }
    return Finding(
      "spool", .fails, "\(DisplayText.count(waiting, "mail")) in \(store.spool), which the database could not take",
      remedy: "they are imported as soon as it can; the log of the relay says why it cannot")
  }

  /// Returns what keeps files from being written there, as far as it can be found out: a user who may not write there
  /// cannot tell whether the relay may.
  private static func obstacle(at path: String) -> String? {
    guard let obstacle = FolderCheck.obstacle(at: path), obstacle.kind != .notPermitted else { return nil }
    return obstacle.description
  }

  // MARK: - Next hops

  /// Proposes to join sites that differ by numbers only; says nothing if there are none.
  private static func sites(
    _ client: ControlClient, _ status: StatusReport?, _ naming: SiteNaming
  ) async -> [Finding] {
    guard status != nil, let errors = try? await client.errors(all: true, limit: 1000) else { return [] }
    let seen = errors.map {
      SiteSuggestion.Seen(name: $0.site, prefix: $0.subjectPrefix ?? "", sender: $0.sender ?? "")
    }
    return SiteSuggestion.all(for: seen, besides: naming).map { suggestion in
      var finding = Finding(
        "sites", .warns, "\(suggestion.seen.joined(separator: " and ")) are sites of their own",
        remedy: "if the numbers are of machines, and the site is one, add this to the configuration:")
      finding.paste = suggestion.lines
      return finding
    }
  }

  private static func upstream(_ client: ControlClient, _ status: StatusReport?) async -> [Finding] {
    guard status != nil else { return [skipped("upstream")] }
    do {
      return try await client.probe(ProbeRequest()).map { probe in
        let route = probe.route.map { "[route \($0)] " } ?? ""
        guard let failure = probe.failure else {
          return Finding("upstream", .works, "\(route)\(probe.nextHop): \(probe.steps.joined(separator: ", "))")
        }
        return Finding(
          "upstream", .fails, "\(route)\(probe.nextHop): \(failure)",
          remedy: "mail waits in the queue meanwhile; correct [delivery], then: dedupctl reload; "
            + "or that host, then: dedupctl queue flush")
      }
    } catch {
      return [Finding("upstream", .fails, "\(error)", remedy: "look at the log of the relay")]
    }
  }

  private static func skipped(_ check: String) -> Finding {
    Finding(check, .skipped, "only the daemon knows, and it does not answer")
  }
}
