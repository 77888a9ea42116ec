import DedupCore
import SMTPProtocol

/// Reports the problems that only show when several values are seen together. Each is reported at a key that the file
/// sets; two defaults never contradict each other.
func checkConsistency(of parsed: inout ParsedConfiguration) {
  checkListener(&parsed)
  checkTLS(&parsed)
  checkAccess(&parsed)
  checkConnectionLimits(&parsed)
  checkDelivery(&parsed)
  checkRoutes(&parsed)
  checkSummary(&parsed)
  checkControl(&parsed)
  checkFolders(&parsed)
  checkFleet(&parsed)
  checkSites(&parsed)
}

private func checkSites(_ parsed: inout ParsedConfiguration) {
  var homes: [SitePattern: String] = [:]
  for (name, patterns) in parsed.configuration.sites.patterns.sorted(by: { $0.key < $1.key }) {
    for pattern in patterns {
      guard let other = homes.updateValue(name, forKey: pattern), other != name else { continue }
      parsed.warn(
        at: "site \(name)",
        "match: \(pattern) stands in [site \(other)] too; mail without a settings module is of that one"
      )
    }
  }
}

private func checkFleet(_ parsed: inout ParsedConfiguration) {
  let fleet = parsed.configuration.fleet
  guard let engine = fleet.engine else { return }
  if fleet.username != nil, fleet.passwordFile == nil {
    parsed.error(at: "fleet.username", "there is no password for it; set fleet.password-file")
  }
  if fleet.caFile != nil, !engine.usesTLS {
    parsed.warn(at: "fleet.ca-file", "it is not used: only rediss:// and sentinels:// are encrypted")
  }
  if !engine.usesTLS, !engine.isLocal {
    parsed.warn(
      at: "fleet.engine",
      "whoever is on the way reads the titles of errors, and could hold errors back; write rediss://")
  }
}

/// Checks that no two folders are the same: each is swept and counted as if nothing else were in it.
private func checkFolders(_ parsed: inout ParsedConfiguration) {
  let configuration = parsed.configuration
  let folders = [
    ("store.directory", configuration.store.directory), ("store.spool", configuration.store.spool),
    ("delivery.maildir", configuration.delivery.maildir),
  ].map { (key: $0, path: plainPath($1)) }
  for (index, folder) in folders.enumerated() {
    guard let other = folders[..<index].first(where: { $0.path == folder.path }) else { continue }
    parsed.error(
      at: folder.key, or: other.key,
      "this folder is given to both \(other.key) and \(folder.key); write another one")
  }
}

/// Returns the path without parts that change nothing: `./var//store/` is `var/store`.
private func plainPath(_ path: String) -> String {
  (path.hasPrefix("/") ? "/" : "")
    + path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
}

private func checkControl(_ parsed: inout ParsedConfiguration) {
  let control = parsed.configuration.control
  if let address = control.address, !address.isLoopback {
    parsed.error(
      at: "control.address", "others could reach it; write an address of this machine, e.g. 127.0.0.1:\(address.port)")
  }
  if control.address != nil, control.tokenFile == nil {
    parsed.error(at: "control.address", "everybody on this machine could use it; set control.token-file")
  }
}

private func checkSummary(_ parsed: inout ParsedConfiguration) {
  let summary = parsed.configuration.summary
  if summary.split == .recipient, !summary.to.isEmpty {
    parsed.warn(at: "summary.split", "with summary.to set they get one mail of all sites; write no or site")
  }
}

private func checkListener(_ parsed: inout ParsedConfiguration) {
  let addresses = parsed.configuration.listener.addresses
  for (index, address) in addresses.enumerated() where addresses[..<index].contains(address) {
    parsed.error(at: "listener.address", "\(address) stands in the list twice; remove one of the two")
  }
  let tlsAddresses = parsed.configuration.listener.tlsAddresses
  for (index, address) in tlsAddresses.enumerated()
  where addresses.contains(address) || tlsAddresses[..<index].contains(address) {
    parsed.error(at: "listener.tls-address", "\(address) is listened on already; remove one of the two")
  }
  if addresses.isEmpty, tlsAddresses.isEmpty, parsed.configuration.listener.socket == nil {
    parsed.error(at: "listener.address", "there is nothing to listen on; write an address, e.g. 127.0.0.1:2525")
  }
  if let socket = parsed.configuration.listener.socket, socket == parsed.configuration.control.socket {
    parsed.error(at: "listener.socket", or: "control.socket", "it is control.socket too; write another path")
  }
}

/// Checks who may send. The relay refuses unknown clients, so a listener on all addresses is no open relay; but it is
/// open to every client in `access.networks`, and a listener where no client may send is useless.
private func checkAccess(_ parsed: inout ParsedConfiguration) {
  let access = parsed.configuration.access
  for network in access.networks where network.isMuchOfTheInternet {
    parsed.error(
      at: "access.networks",
      network.length == 0
        ? "\(network) is everybody: it would be an open relay; name the networks of your servers"
        : "\(network) holds too many strangers: it would be an open relay; name the networks of your servers")
  }
  for network in access.proxies where network.isMuchOfTheInternet {
    parsed.error(
      at: "access.proxies",
      "\(network) lets strangers pretend to be any client: it would be an open relay; name your proxies")
  }
  checkOverlap(&parsed)
  checkSenders(&parsed)
}

/// Warns about networks that are also proxies: without a PROXY header, a client at a proxy's address is refused,
/// even a Django on the same machine.
private func checkOverlap(_ parsed: inout ParsedConfiguration) {
  let access = parsed.configuration.access
  for proxy in access.proxies {
    guard let network = access.networks.first(where: proxy.overlaps) else { continue }
    parsed.warn(
      at: "access.proxies",
      "\(proxy) belongs to \(network) of access.networks, but who connects from there without a PROXY header is "
        + "refused, a Django there too; let it use listener.socket, or another address")
  }
}

/// Checks that there are clients that may send, for the relay and for each of its listeners.
private func checkSenders(_ parsed: inout ParsedConfiguration) {
  let (listener, auth) = (parsed.configuration.listener, parsed.configuration.auth)
  let hasTLS = parsed.configuration.tls.certificate != nil
  if auth.users != nil, !hasTLS, !auth.allowsPlaintextOnLoopback, listener.socket == nil {
    parsed.warn(
      at: "auth.users", "nobody can log in: a password is taken inside TLS only; set tls.certificate and tls.key")
  }
  guard auth.users == nil || !hasTLS else { return }
  let networks = parsed.configuration.access.networks
  if networks.isEmpty, auth.users == nil, listener.socket == nil {
    parsed.error(at: "access.networks", "nobody may send: name networks here, or users in auth.users")
  }
  guard networks.allSatisfy(\.isLoopback) else { return }
  for (key, addresses) in [("listener.address", listener.addresses), ("listener.tls-address", listener.tlsAddresses)] {
    for address in addresses where !address.isLoopback {
      parsed.warn(
        at: key,
        "\(address) can be reached from outside this machine, but only clients on it may send, all others are refused; "
          + "name them in access.networks, or users in auth.users (with tls.certificate)")
    }
  }
}

private func checkTLS(_ parsed: inout ParsedConfiguration) {
  let tls = parsed.configuration.tls
  if tls.certificate != nil, tls.key == nil {
    parsed.error(at: "tls.certificate", "the key to it is missing; set tls.key, or neither of the two")
  }
  if tls.key != nil, tls.certificate == nil {
    parsed.error(at: "tls.key", "the certificate to it is missing; set tls.certificate, or neither of the two")
  }
  if tls.certificate == nil, !parsed.configuration.listener.tlsAddresses.isEmpty {
    parsed.error(at: "listener.tls-address", "TLS needs a certificate; set tls.certificate and tls.key")
  }
}

private func checkConnectionLimits(_ parsed: inout ParsedConfiguration) {
  let listener = parsed.configuration.listener
  let perClient = [
    ("listener.maximum-connections-per-client", listener.maximumConnectionsPerClient),
    ("listener.maximum-connections-per-loopback-client", listener.maximumConnectionsPerLoopbackClient),
  ]
  for (key, limit) in perClient where limit > listener.maximumConnections {
    parsed.warn(
      at: key, "\(limit) is above listener.maximum-connections (\(listener.maximumConnections)) and has no effect")
  }
}

private func checkDelivery(_ parsed: inout ParsedConfiguration) {
  let configuration = parsed.configuration
  let delivery = configuration.delivery
  checkLogin(&parsed)
  for smarthost in delivery.smarthosts
  where configuration.listener.addresses.contains(where: { reaches(smarthost, $0) }) {
    parsed.error(
      at: "delivery.smarthost",
      "\(smarthost) is the relay itself (listener.address), mail would run in circles; write your mail server's address"
    )
  }
}

private func checkRoutes(_ parsed: inout ParsedConfiguration) {
  let configuration = parsed.configuration
  for (index, route) in configuration.routes.enumerated() {
    let origin = "route \(route.name)"
    let delivery = configuration.delivery(on: route)
    if let earlier = configuration.routes[..<index].first(where: { $0.selector.coversAll(of: route.selector) }) {
      parsed.warn(at: origin, "it never applies: [route \(earlier.name)] comes first and takes all it takes")
    }
    for smarthost in route.smarthosts ?? []
    where configuration.listener.addresses.contains(where: { reaches(smarthost, $0) }) {
      parsed.error(at: origin, "\(smarthost) is the relay itself (listener.address), mail would run in circles")
    }
    guard delivery.username != nil, route.smarthosts != nil || route.username != nil || route.tls != nil else {
      continue
    }
    for smarthost in delivery.smarthosts where !smarthost.isLoopback && !delivery.tlsMode(for: smarthost).knowsThePeer {
      parsed.error(
        at: origin,
        "with tls = \(delivery.tls.rawValue) others could read the password on its way to \(smarthost); write auto or require"
      )
    }
  }
}

extension RouteSelector {
  /// Returns true if this selector takes everything that `other` takes, as far as the patterns show it.
  fileprivate func coversAll(of other: RouteSelector) -> Bool {
    (recipients.isEmpty || !other.recipients.isEmpty && Set(other.recipients).isSubset(of: recipients))
      && (senders.isEmpty || !other.senders.isEmpty && Set(other.senders).isSubset(of: senders))
      && (kinds.isEmpty || !other.kinds.isEmpty && Set(other.kinds).isSubset(of: kinds))
  }
}

/// Checks the login and the list of smarthosts; without a smarthost neither matters.
private func checkLogin(_ parsed: inout ParsedConfiguration) {
  let delivery = parsed.configuration.delivery
  guard !delivery.smarthosts.isEmpty else { return }
  for (index, smarthost) in delivery.smarthosts.enumerated()
  where delivery.smarthosts[..<index].contains(smarthost) {
    parsed.error(at: "delivery.smarthost", "\(smarthost) stands in the list twice; remove one of the two")
  }
  let proofs = [
    ("delivery.password-file", delivery.passwordFile), ("delivery.oauth-token-file", delivery.tokenFile),
    ("delivery.oauth-token-command", delivery.tokenCommand),
  ].filter { $0.1 != nil }.map(\.0)
  guard delivery.username != nil else {
    for key in proofs { parsed.error(at: key, "there is no username to log in with; set username as well") }
    return
  }
  if proofs.isEmpty {
    parsed.error(
      at: "delivery.username",
      "a login needs a secret; set password-file, oauth-token-file or oauth-token-command as well")
  }
  for key in proofs.dropFirst() { parsed.error(at: key, "\(proofs[0]) is set too; remove one of the two") }
  for smarthost in delivery.smarthosts where !smarthost.isLoopback && !delivery.tlsMode(for: smarthost).knowsThePeer {
    parsed.error(
      at: "delivery.tls",
      "with \(delivery.tls.rawValue) others could read the password on its way to \(smarthost); write auto or require")
  }
}

/// Returns true if mail for `smarthost` would come in at `address`. Other addresses of 127.0.0.0/8 may be other
/// servers.
private func reaches(_ smarthost: Smarthost, _ address: Endpoint) -> Bool {
  guard smarthost.port == address.port else { return false }
  let target = Endpoint(host: smarthost.host.lowercased(), port: smarthost.port)
  let isWildcard = ["0.0.0.0", "::"].contains(address.host)
  return target.host == address.host.lowercased() || target.host == "localhost" && address.isLoopback
    || target.isLoopback && isWildcard
}

extension ParsedConfiguration {
  fileprivate mutating func error(at key: String, or other: String? = nil, _ message: String) {
    diagnostic(at: key, or: other, message).map { errors.append($0) }
  }

  fileprivate mutating func warn(at key: String, or other: String? = nil, _ message: String) {
    diagnostic(at: key, or: other, message).map { warnings.append($0) }
  }

  /// The diagnostic at the first of the two keys that the file sets, or nil if it sets neither.
  private func diagnostic(at key: String, or other: String?, _ message: String) -> Diagnostic? {
    if let position = origins[key] { return Diagnostic(position, "\(key): \(message)") }
    guard let other, let position = origins[other] else { return nil }
    return Diagnostic(position, "\(other): \(message)")
  }
}
