package import DedupCore
import SMTPProtocol

extension SMTPTransport {
  /// Connects to each host, encrypts, logs in and takes leave. What was known of their health stays as it was.
  package func probe() async -> [Probe] {
    var probes: [Probe] = []
    for relay in hosts.map(\.relay) {
      let begun = clock()
      let (steps, failure) = await probe(relay)
      probes.append(
        Probe(nextHop: relay.smarthost.description, steps: steps, failure: failure?.description, took: clock() - begun))
    }
    return probes
  }

  package func forgetFailures() {
    for index in hosts.indices { hosts[index].health = HostHealth() }
  }

  private func probe(_ relay: Relay) async -> (steps: [String], failure: Trouble?) {
    do throws(Trouble) {
      let login = try await login()
      var impatient = settings
      impatient.timeouts = .forProbes
      let connection = try await SmarthostConnection.open(to: relay, credentials: login, impatient, tls, on: group)
      let encryption = await connection.isEncrypted ? "encrypted, certificate \(trust(in: relay))" : "not encrypted"
      connection.quit()
      return (["connected", encryption] + (login.map { ["logged in as \($0.username)"] } ?? []), nil)
    } catch {
      return ([], error)
    }
  }

  private func trust(in relay: Relay) -> String {
    relay.tls.knowsThePeer && tls.verifiesCertificates ? "verified" : "not asked for"
  }
}

extension SMTPTimeouts {
  /// Somebody sits in front of it.
  static var forProbes: SMTPTimeouts {
    var timeouts = SMTPTimeouts()
    (timeouts.connect, timeouts.greeting, timeouts.hello) = (.seconds(10), .seconds(20), .seconds(20))
    (timeouts.handshake, timeouts.authentication) = (.seconds(20), .seconds(20))
    return timeouts
  }
}
