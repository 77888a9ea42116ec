import MailMessage

/// STARTTLS (RFC 3207) and implicit TLS (RFC 8314) as the session sees them. The handshake is the driver's.
extension ServerSession {
  /// Octets that came in plain text behind STARTTLS are not looked at: whoever sits on the wire can put commands there
  /// that the client would seem to have given inside TLS (CVE-2011-0411). `process` counts them and drops them.
  mutating func startTLS(_ actions: inout [Action]) {
    if !policy.offersStartTLS { return refuse(.notImplemented, &actions) }
    if isSecure { return refuse(.alreadySecure, &actions) }
    if client.helo.isEmpty { return refuse(.helloFirst, &actions) }
    state = .handshaking(greets: false)
    answer(.startTLS, &actions)
  }

  /// The TLS handshake is done. All that the client said before is forgotten (RFC 3207 section 4.2), but not how often
  /// it erred: that would make STARTTLS a way around the limits.
  package mutating func secured() -> [Action] {
    guard case .handshaking(let greets) = state else { return [] }
    isSecure = true
    draft = nil
    partial = []
    held = []
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

  /// Whether STARTTLS stands in the reply to EHLO; never inside TLS (RFC 3207 section 4.2).
  var announcesStartTLS: Bool { policy.offersStartTLS && !isSecure }

  /// What the mail came by (RFC 3848; RFC 6531 section 4.3 for SMTPUTF8). HELO has no such words.
  func transmission(utf8: Bool) -> String {
    guard isExtended else { return "SMTP" }
    return (utf8 ? "UTF8SMTP" : "ESMTP") + (isSecure ? "S" : "") + (client.user != nil ? "A" : "")
  }
}
