import SMTPClient

extension SMTPTimeouts {
  /// For servers that stay silent.
  static var short: SMTPTimeouts {
    var timeouts = SMTPTimeouts()
    for path in [\.greeting, \.hello, \.mail, \.recipient, \.data, \.message] as [WritableKeyPath<Self, Duration>] {
      timeouts[keyPath: path] = .milliseconds(100)
    }
    return timeouts
  }

  /// For those that fall silent at STARTTLS or AUTH.
  static var shortBeforeMail: SMTPTimeouts {
    var timeouts = SMTPTimeouts()
    timeouts.handshake = .milliseconds(500)
    timeouts.authentication = .milliseconds(100)
    return timeouts
  }
}
