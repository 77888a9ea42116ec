import DedupConfig
import DedupCore
import Glibc
import HostSystem
import SMTPServer

/// The lines on standard output for an admin who started the relay by hand.
struct Announcement {
  let bound: [ListenerSettings.Endpoint]
  let nextHop: String
  let delivery: Configuration.Delivery

  func print() {
    Swift.print("MailDedup \(MailDedupVersion.text)")
    for endpoint in bound { Swift.print("listening on \(endpoint)") }
    let hint = delivery.smarthosts.isEmpty && !delivery.discards ? " until [delivery] smarthost is set" : ""
    Swift.print("delivering to \(nextHop)\(hint)")
    if case .address(let host, let port, _) = bound.first {
      Swift.print(Self.djangoSettings(host: host, port: port))
    }
    // Standard output is often a pipe, and its reader must get these lines now.
    fflush(nil)
  }

  /// Returns the settings in both forms: a Django 6.1 project has `MAILERS`, and does not start if the other settings
  /// are present too.
  private static func djangoSettings(host: String, port: Int) -> String {
    """
    The settings of your Django site:
        EMAIL_HOST = "\(host)"
        EMAIL_PORT = \(port)
        EMAIL_TIMEOUT = 30
    or, where its settings have MAILERS (Django 6.1):
        MAILERS = {"default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "\(host)", "port": \(port), "timeout": 30},
        }}
    """
  }
}
