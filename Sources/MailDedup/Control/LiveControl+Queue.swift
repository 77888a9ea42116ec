import ControlAPI
import DedupConfig
import DedupCore
import DedupStore
import EventLog
import HostSystem
import Logging
import MailMessage

// The queue and its next hops.
extension LiveControl {
  func queue(_ filter: QueueFilter) async throws -> [QueuedMail] {
    let beingTried = runner.beingTried
    let obstacle = await obstacle
    return try await store.queue(filter).map { entry in
      QueuedMail(entry, isBeingTried: beingTried.contains(entry.id)).waiting(for: obstacle)
    }
  }

  /// The reason why no mail can be sent at the moment, or nil if it can.
  private var obstacle: String? {
    get async {
      let transport = destinations.value.transport
      guard transport.admission.state != .open, transport.admission.scope == nil else { return nil }
      return await transport.hostReports().compactMap { $0.failure?.reason }.first
    }
  }

  func queued(id: String, octets: Int) async throws -> [QueuedMailDetail] {
    let beingTried = Set(runner.beingTried.map(\.description))
    let obstacle = await obstacle
    return try await stored.queued(id: id, octets: octets).map { detail in
      var detail = detail
      detail.mail = detail.mail.waiting(for: obstacle)
      if beingTried.contains(detail.mail.id) { detail.mail.state = "delivering" }
      return detail
    }
  }

  func change(_ verb: QueueVerb, _ request: QueueChangeRequest) async throws -> QueueChangeReport {
    let selected = try await stored.selection(request)
    let selection = selected.mails
    let doomed = verb == .delete ? try await envelopes(selection) : []
    let change = try change(verb, to: request.to)
    // Before anything is due: the runner may try it while we still wait for the commit, and a resting host would put it
    // off once more.
    switch change {
    case .flush, .release, .reroute(to: nil): await destinations.value.forgetFailures()
    // What is known of the other hosts stays true: nothing is about to try them.
    case .reroute(let smarthost?): await destinations.value.sideways.transport(to: smarthost)?.forgetFailures()
    case .hold, .delete: break
    }
    let triedBefore = runner.beingTried
    let ids = try await store.change(change, selection, now: WallClock.now())
    runner.readAgain()
    for envelope in doomed { logger.event(.notice, .deleted, envelope) }
    logger.event(.notice, .queueChanged, [.change: "\(verb.rawValue)", .mails: "\(ids.count)"])
    let beingTried =
      switch verb {
      // Of what was under way before, some is done before the change is durable.
      case .hold, .delete: triedBefore.union(runner.beingTried)
      case .reroute: triedBefore
      case .flush, .release: runner.beingTried
      }
    return QueueChangeReport(
      ids: ids.map(\.description), delivering: ids.filter(beingTried.contains).map(\.description),
      missing: selected.missing.isEmpty ? nil : selected.missing)
  }

  func probe(_ request: ProbeRequest) async throws -> [UpstreamProbe] {
    let question = try ProbeQuestion(
      sender: request.sender.map { $0.isEmpty ? EmailAddress("") : try Self.address($0) },
      recipient: request.recipient.map(Self.address))
    guard let host = request.host else {
      var probes: [UpstreamProbe] = []
      for route in destinations.value.allRoutes {
        for var probe in await route.transport.probe(question.over(route)).map(UpstreamProbe.init) {
          probe.route = route.name
          probes.append(probe)
        }
      }
      return probes
    }
    let smarthost = try smarthost(host)
    guard let transport = destinations.value.sideways.transport(to: smarthost) else {
      throw ControlProblem("the way to \(smarthost) cannot be set up; maildedup --check-config says why")
    }
    return await transport.probe(question.over(destinations.value.main)).map(UpstreamProbe.init)
  }

  private func change(_ verb: QueueVerb, to host: String?) throws -> QueueChange {
    switch verb {
    case .hold: .hold
    case .release: .release
    case .flush: .flush
    case .delete: .delete
    case .reroute: .reroute(to: try host.map(smarthost))
    }
  }

  private func smarthost(_ text: String) throws -> Smarthost {
    guard let smarthost = Smarthost(text) else {
      throw ControlProblem("\"\(DisplayText.oneLine(text))\" is not host:port", .malformed)
    }
    return smarthost
  }

  /// Returns the log entries of mails that are about to be deleted.
  private func envelopes(_ selection: QueueSelection) async throws -> [LogFields] {
    var entries: [QueueEntry] = []
    switch selection {
    case .all: entries = try await store.queue(QueueFilter(limit: .max))
    case .ids(let ids):
      for id in ids { entries += [try await store.queued(id, octets: 0)?.entry].compactMap { $0 } }
    }
    return entries.map { entry in
      [
        .id: "\(entry.id)", .sender: "<\(entry.sender)>",
        .recipient: "\(entry.recipients.map { "<\($0)>" }.joined(separator: ","))", .reason: "dedupctl",
      ]
    }
  }
}

extension ProbeQuestion {
  /// Returns the question that a mail over this route would ask: with the address that the route substitutes for the
  /// sender. If no sender is named, that of Django's error mail is used as an example.
  func over(_ route: Route) -> ProbeQuestion {
    guard let rewrite = route.rewrite else { return self }
    var question = self
    let usual = EmailAddress("root@localhost")
    if let sender {
      question.sender = rewrite.outgoing(sender)
    } else if rewrite.outgoing(usual) != usual {
      question.sender = rewrite.outgoing(usual)
    }
    return question
  }
}

extension Destinations {
  fileprivate func forgetFailures() async {
    for route in allRoutes { await route.transport.forgetFailures() }
    await sideways.forgetFailures()
  }
}

extension QueuedMail {
  /// Reports the reason why the mail was not tried yet, in place of the failure of an attempt.
  fileprivate func waiting(for obstacle: String?) -> QueuedMail {
    guard let obstacle, lastFailure == nil, reroutedTo == nil, state == QueueEntry.State.waiting.rawValue else {
      return self
    }
    var copy = self
    copy.lastFailure = "not tried yet: \(obstacle)"
    return copy
  }
}
