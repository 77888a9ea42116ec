import MailMessage

/// STARTTLS (RFC 3207) and implicit TLS (RFC 8314) as the session sees them. The driver does the handshake.
extension ServerSession {
  /// Begins the handshake. Plain-text octets after STARTTLS are not examined: an attacker on the wire can insert
  /// commands there that the client would seem to have sent inside TLS (CVE-2011-0411). `process` counts and drops
  /// them.
  mutating func startTLS(_ actions: inout [Action]) {
    if !policy.offersStartTLS { return refuse(.notImplemented, &actions) }
    if isSecure { return refuse(.alreadySecure, &actions) }
    if client.helo.isEmpty { return refuse(.helloFirst, &actions) }
    state = .handshaking(greets: false)
    answer(.startTLS, &actions)
  }

  /// Continues after the TLS handshake. Everything the client said before is forgotten (RFC 3207 section 4.2), except
  /// the number of its errors: otherwise STARTTLS would be a way around the limits.
  package mutating func secured() -> [Action] {
    guard case .handshaking(let greets) = state else { return [] }
    isSecure = true
    draft = nil
    partial = []
    client.helo = ""
    client.user = nil
    isExtended = false
    period += 1
    if greets {
      state = .silent
      return [.greet]
    }
    state = .command
    return []
  }

  /// True if the reply to EHLO announces STARTTLS; never inside TLS (RFC 3207 section 4.2).
  var announcesStartTLS: Bool { policy.offersStartTLS && !isSecure }

  /// Returns the protocol for `Received:` (RFC 3848; RFC 6531 section 4.3 for SMTPUTF8). There are no variants for
  /// HELO.
  func transmission(utf8: Bool) -> String {
    guard isExtended else { return "SMTP" }
    return (utf8 ? "UTF8SMTP" : "ESMTP") + (isSecure ? "S" : "") + (client.user != nil ? "A" : "")
  }
}
