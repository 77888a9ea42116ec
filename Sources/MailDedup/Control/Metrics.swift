import ControlAPI
import DedupCore
import DedupStore
import Foundation
import HostSystem
import MailEncryption
import SMTPServer

/// All metrics, collected on request. Counters that the store keeps continue through restarts.
struct Metrics: Sendable {
  /// The largest number of sites that are listed: their names come from mail, so there may be any number of them.
  private static let mostSites = 100

  let relay: RunningRelay
  let reloader: Reloader
  let startedAt: Date

  func text() async throws -> String {
    var exposition = Exposition()
    addProcess(&exposition)
    addConnections(&exposition)
    addFallback(&exposition)
    addDeliveries(&exposition)
    addRejections(&exposition)
    addPacing(&exposition)
    addFleet(&exposition)
    await addSmarthosts(&exposition)
    addCommits(&exposition)
    addCertificates(&exposition)
    await addReload(&exposition)
    // Last: everything before is known whatever the disk does.
    do {
      try await addMail(&exposition)
      exposition.add("maildedup_store_readable", .gauge, "Whether the store answers.", 1)
    } catch {
      exposition.add("maildedup_store_readable", .gauge, "Whether the store answers.", 0)
    }
    return exposition.text
  }

  private func addProcess(_ exposition: inout Exposition) {
    exposition.add(
      "maildedup_build_info", .gauge, "Always 1; the version is in the label.",
      [.init(1, [.init("version", MailDedupVersion.text)])])
    exposition.add(
      "process_start_time_seconds", .gauge, "When the relay started, in seconds since 1970.",
      [.init(startedAt.timeIntervalSince1970)])
    let usage = ProcessUsage.current()
    exposition.add("process_resident_memory_bytes", .gauge, "Memory in use.", usage.residentOctets)
    exposition.add("process_open_fds", .gauge, "Open file descriptors.", usage.openDescriptors)
    exposition.add(
      "process_cpu_seconds_total", .counter, "CPU time, user and system.", [.init(usage.cpuSeconds)])
  }

  private func addConnections(_ exposition: inout Exposition) {
    let counts = relay.listener.counts
    exposition.add("maildedup_connections_open", .gauge, "SMTP connections open now.", counts.open)
    exposition.add(
      "maildedup_connections_waiting", .gauge, "SMTP connections that wait for a place.", counts.waiting)
    exposition.add("maildedup_connections_total", .counter, "SMTP connections since the start.", counts.total)
    exposition.add(
      "maildedup_connections_refused_total", .counter, "SMTP connections refused since there were too many.",
      counts.refused)
    exposition.add(
      "maildedup_tls_sessions_total", .counter, "TLS sessions of clients since the start.", counts.encrypted)
    exposition.add(
      "maildedup_tls_failures_total", .counter, "TLS handshakes of clients that failed.", counts.failedHandshakes)
    exposition.add(
      "maildedup_auth_failures_total", .counter, "Logins of clients that were refused.", counts.failedLogins)
  }

  private func addFallback(_ exposition: inout Exposition) {
    let counts = relay.safetyNet.counts
    exposition.add(
      "maildedup_fallback_total", .counter,
      "Mails that the database could not take, by what became of them, since the start.",
      [
        .init(Double(counts.spooled), [.init("step", "spooled")]),
        .init(Double(counts.cutThrough), [.init("step", "cut-through")]),
        .init(Double(counts.refused), [.init("step", "refused")]),
        .init(Double(counts.counted), [.init("step", "counted")]),
      ])
    exposition.add("maildedup_spool_waiting", .gauge, "Mails in the emergency spool.", relay.safetyNet.waiting)
    exposition.add(
      "maildedup_databases_set_aside", .gauge, "Damaged databases that lie beside ours.", relay.store.setAside.count)
  }

  private func addDeliveries(_ exposition: inout Exposition) {
    let counts = relay.runner.deliveries.counts.sorted {
      ($0.key.nextHop, $0.key.outcome) < ($1.key.nextHop, $1.key.outcome)
    }
    exposition.add(
      "maildedup_deliveries_total", .counter, "Recipients by next hop and by what became of them, since the start.",
      counts.map {
        .init(Double($0.value), [.init("next_hop", $0.key.nextHop), .init("outcome", $0.key.outcome)])
      })
  }

  private func addRejections(_ exposition: inout Exposition) {
    let hops = relay.runner.rejectionWatch.rejecting.sorted { $0.key < $1.key }
    exposition.add(
      "maildedup_next_hop_rejected_mails", .gauge,
      "Mails about errors that a next hop rejected for good since it last took one; absent when it rejects none.",
      hops.map { .init(Double($0.value.mails), [.init("next_hop", $0.key)]) })
  }

  private func addPacing(_ exposition: inout Exposition) {
    let standings = relay.runner.pacingStandings
    func samples(_ value: (DeliveryPacing.Usage) -> Int) -> [Exposition.Sample] {
      standings.map { .init(Double(value($0)), [.init("next_hop", $0.nextHop)]) }
    }
    exposition.add(
      "maildedup_next_hop_recipients_day", .gauge, "Recipients within 24 hours of a next hop with limits.",
      samples(\.ofDay))
    exposition.add(
      "maildedup_next_hop_paced_mails", .gauge, "Mails that wait for the limits of a next hop.", samples(\.waiting))
    exposition.add(
      "maildedup_queue_grows", .gauge, "Whether the queue grows.", relay.queueWatch.standing == nil ? 0 : 1)
  }

  private func addSmarthosts(_ exposition: inout Exposition) async {
    let rerouted = (try? await relay.store.reroutedTo()) ?? []
    let hosts = await relay.destinations.value.hostReports(rerouted: rerouted)
    guard !hosts.isEmpty else { return }
    let labels = hosts.map { [Exposition.Label("next_hop", $0.smarthost.description)] }
    exposition.add(
      "maildedup_smarthost_works", .gauge, "Whether a smarthost works, as far as is known.",
      zip(hosts, labels).map { .init($0.failure == nil ? 1 : 0, $1) })
    exposition.add(
      "maildedup_smarthost_failing_seconds", .gauge, "How long it has failed; 0 while it works.",
      zip(hosts, labels).map { .init(Double($0.failsFor?.components.seconds ?? 0), $1) })
  }

  private func addCommits(_ exposition: inout Exposition) {
    let commits = relay.store.commitMeter
    exposition.add("maildedup_commit_mails", "Jobs that shared a durable transaction.", commits.sizes)
    exposition.add("maildedup_commit_duration_seconds", "How long a durable transaction took.", commits.durations)
  }

  private func addCertificates(_ exposition: inout Exposition) {
    exposition.add(
      "maildedup_certificate_expiry_seconds", .gauge,
      "When certificates of [encryption] expire, in seconds since 1970.",
      relay.destinations.value.encryption.recipients.map {
        .init(Double($0.certificate.validUntil.seconds), [.init("file", $0.file)])
      })
  }

  private func addReload(_ exposition: inout Exposition) async {
    let last = await reloader.last
    exposition.add(
      "maildedup_reload_success", .gauge, "Whether the latest reload took effect; 1 before the first.",
      last?.problems.isEmpty ?? true ? 1 : 0)
  }

  private func addMail(_ exposition: inout Exposition) async throws {
    let (counts, queue) = (try await relay.store.counts(), try await relay.store.queueStatus())
    exposition.add(
      "maildedup_mails_total", .counter, "Mails acknowledged, by what became of them and why; kept by the store.",
      counts.reasons.map {
        .init(Double($0.mails), [.init("outcome", $0.outcome), .init("reason", $0.reason)])
      })
    exposition.add(
      "maildedup_reports_total", .counter,
      "Error reports by site; kept by the store as long as their errors are. The sites of fewest are \"other\".",
      Self.samples(counts.sites))
    exposition.add("maildedup_errors", .gauge, "Errors that are known.", counts.errors)
    exposition.add("maildedup_queue_mails", .gauge, "Mails that wait for delivery.", queue.waiting)
    exposition.add("maildedup_queue_held_mails", .gauge, "Of these, the ones that an admin holds.", queue.held)
    exposition.add(
      "maildedup_queue_doubt_mails", .gauge, "Beside these, unclear mails that are held back and kept.", queue.doubts)
    exposition.add("maildedup_queue_bytes", .gauge, "Their octets.", queue.octets)
    let age = queue.oldest.map { max(0, WallClock.now().since($0).components.seconds) } ?? 0
    exposition.add("maildedup_queue_oldest_age_seconds", .gauge, "Age of the oldest of them.", Int(age))
  }

  private static func samples(_ sites: [StoreStatistics.SiteCount]) -> [Exposition.Sample] {
    var shown = Array(sites.prefix(mostSites))
    let rest = sites.dropFirst(mostSites)
    if !rest.isEmpty {
      shown.append(
        .init(
          site: "other", forwarded: rest.map(\.forwarded).reduce(0, +), suppressed: rest.map(\.suppressed).reduce(0, +))
      )
    }
    return shown.flatMap { site in
      [("forwarded", site.forwarded), ("suppressed", site.suppressed)].map { outcome, count in
        Exposition.Sample(Double(count), [.init("site", site.site), .init("outcome", outcome)])
      }
    }
  }
}
