import SMTPProtocol

@testable import SMTPServer

extension ListenerSettings {
  /// With limits that a busy machine does not reach: tests that are about one set it.
  static func patient(endpoints: [Endpoint], hostname: String) -> ListenerSettings {
    var settings = ListenerSettings(endpoints: endpoints, hostname: hostname)
    settings.limits.idle = .seconds(3600)
    settings.limits.idleBeforeLogin = .seconds(3600)
    settings.limits.login = .seconds(3600)
    settings.limits.handshake = .seconds(3600)
    settings.patience = .seconds(3600)
    return settings
  }
}
