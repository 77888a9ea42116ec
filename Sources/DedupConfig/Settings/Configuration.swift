package import DedupCore
package import Fingerprint
package import MailMessage
package import SMTPProtocol

/// All settings of the relay, with the defaults of `dedup.conf`.
///
/// A default that another type owns (`SessionLimits`, `WindowPolicy`, `RetryPolicy`) is defined there and nowhere else.
package struct Configuration: Hashable, Sendable {
  package var listener = Listener()
  package var tls = TLS()
  package var auth = Auth()
  package var encryption = Encryption()
  package var access = Access()
  package var limits = SessionLimits()
  package var window = WindowPolicy()
  package var reports = Reports()
  /// The sites that `[site NAME] match` makes of several prefixes or senders.
  package var sites = SiteNaming()
  /// The `[rule NAME]` sections, in the order of the file.
  package var rules = RuleSet()
  package var delivery = Delivery()
  /// The `[route NAME]` sections, in the order of the file.
  package var routes: [Route] = []
  package var summary = Summary()
  package var store = Store()
  package var fleet = Fleet()
  package var control = Control()
  package var log = Log()

  package init() {}

  /// `[listener]`: where Django connects.
  package struct Listener: Hashable, Sendable {
    /// The addresses to listen on; may be empty if `tlsAddresses` or `socket` is not.
    package var addresses = [Endpoint(host: "127.0.0.1", port: 2525)]
    /// The addresses with TLS from the first octet; may be empty.
    package var tlsAddresses: [Endpoint] = []
    /// The path of a Unix socket to listen on; nil: none.
    package var socket: String?
    package var socketMode = FileMode(bits: 0o660)
    /// The name in the greeting and in trace headers; nil: the name of the machine.
    package var hostname: String?
    /// The maximum number of open connections.
    package var maximumConnections = 1000
    /// The maximum number of open connections of clients that may not send before they log in.
    package var maximumConnectionsBeforeLogin = 200
    /// The memory for unfinished messages of all clients, in octets.
    package var messageMemory = 64 << 20
    /// The maximum number of open connections of one client address.
    package var maximumConnectionsPerClient = 100
    /// The maximum number of open connections of one client on this machine, where all of a site's processes share one
    /// address.
    package var maximumConnectionsPerLoopbackClient = 500

    package init() {}
  }

  /// `[tls]`: both files or neither.
  package struct TLS: Hashable, Sendable {
    package var certificate: String?
    package var key: String?

    package init() {}
  }

  /// `[access]`: which clients may send.
  package struct Access: Hashable, Sendable {
    /// The networks whose clients may send without AUTH; may be empty.
    package var networks = [IPNetwork("127.0.0.0/8"), IPNetwork("::1/128")].compactMap { $0 }
    /// The proxies, which must begin each connection with a PROXY header and are believed.
    package var proxies: [IPNetwork] = []
    /// True if mail with octets that no mail may have is mended; false if it is refused.
    package var mendsMessages = true

    package init() {}
  }

  /// `[auth]`: which clients may log in.
  package struct Auth: Hashable, Sendable {
    /// The path of the file of users; nil: no client can log in.
    package var users: String?
    package var allowsPlaintextOnLoopback = false

    package init() {}
  }

  /// `[encryption]`: the certificates whose holders alone can read error mail.
  package struct Encryption: Hashable, Sendable {
    /// The paths of the certificate files; empty: nothing is encrypted.
    package var certificates: [String] = []
    package var whenUnusable = WhenUnusable.refuse
    package var hidesSubject = false

    package init() {}

    /// The priority when a certificate cannot be used.
    package enum WhenUnusable: String, Hashable, Sendable, CaseIterable {
      /// Secrecy: nothing ever leaves in clear.
      case refuse
      /// Readability: error mail leaves in clear, so that everybody can read it.
      case clear
    }
  }

  /// `[delivery]`: where mail goes, and what happens when it cannot be delivered.
  package struct Delivery: Hashable, Sendable {
    /// The smarthosts, in order of preference. Empty: mail goes into the Maildir.
    package var smarthosts: [Smarthost] = []
    package var tls = TLSChoice.auto
    /// A file of certificates to trust instead of those of the system.
    package var caFile: String?
    package var verifiesCertificates = true
    /// The user name for AUTH; nil: no AUTH. If set, one of the three settings below is set too.
    package var username: String?
    package var passwordFile: String?
    package var tokenFile: String?
    /// A shell command that prints the token.
    package var tokenCommand: String?
    /// The Maildir, a folder that is created when missing.
    package var maildir = "var/maildir"
    /// The maximum number of simultaneous connections to the smarthosts.
    package var connections = 20
    package var retry = RetryPolicy()
    /// The recipient of bounces that cannot be delivered; nil: none, they are only logged.
    package var postmaster: EmailAddress?
    /// The rate and daily limits of each smarthost.
    package var limits = DeliveryLimits()
    /// The replacement for envelope senders that smarthosts refuse; nil: all senders stay as they are.
    var senderRewrite: EmailAddress?
    /// The envelope senders that `senderRewrite` replaces.
    var rewrittenSenders: [Glob] = [
      "*@localhost", "*@*.localdomain", "*@*.local", "*@*.internal", "*@*.lan",
    ].compactMap { try? Glob($0, ignoresCase: true) }
    /// True if all mail is thrown away; for load tests.
    package var discards = false

    package init() {}
  }

  /// `[reports]`: what counts as an error report besides mail whose structure shows that it is one.
  package struct Reports: Hashable, Sendable {
    package var notices: [NoticeKind] = []
    /// The From addresses of programs that mail tracebacks.
    package var senders: [Glob] = []

    package init() {}
  }

  /// `[summary]`: the daily and weekly mail about what was held back.
  package struct Summary: Hashable, Sendable {
    /// True if the daily summary is sent.
    package var enabled = true
    package var time = TimeOfDay.seven
    /// The day of the weekly summary; nil: none.
    package var weekly: Weekday?
    package var split = SummarySplit.no
    /// True if a summary is also sent after a day without any error.
    package var sendWhenQuiet = false
    /// The sender of the summary; nil: the sender of most error mails.
    package var from: EmailAddress?
    /// The recipients of the summary; empty: those of the error mails.
    package var to: [EmailAddress] = []
    /// The number of errors that are listed one by one; the rest are summed up.
    package var topErrors = 20

    package init() {}
  }

  /// `[store]`: the database of windows, counts and queue.
  package struct Store: Hashable, Sendable {
    package var directory = "var/store"
    /// The folder where mail is kept while the database cannot take it.
    package var spool = "var/spool"
    /// The time for which the first and the latest mail of an error are kept.
    package var sampleAge = Duration.seconds(90 * 86_400)
    /// The size limit of all these mails together, in octets.
    package var sampleSize = 256 << 20
    /// The time for which counts are kept, and errors that no longer occur.
    package var history = Duration.seconds(400 * 86_400)

    package init() {}
  }

  /// `[fleet]`: the relays that send one mail of each error together.
  package struct Fleet: Hashable, Sendable {
    /// The engine that they agree through; nil: this relay is in no fleet.
    package var engine: EngineAddress?
    package var name = "main"
    /// The name that is shown for this relay; nil: that of the machine.
    package var relay: String?
    package var username: String?
    package var passwordFile: String?
    package var caFile: String?
    /// The longest time that a mail about an error waits for the engine.
    package var patience = Duration.milliseconds(50)

    package init() {}
  }

  /// `[control]`: how `dedupctl` reaches the daemon.
  package struct Control: Hashable, Sendable {
    package var socket = "var/control.sock"
    /// The name of the group of the socket; nil: the group of the process.
    package var socketGroup: String?
    /// The TCP address, on this machine only, where the control API answers too; nil: none.
    package var address: Endpoint?
    /// The path of a file with the token that clients of `address` must present.
    package var tokenFile: String?

    package init() {}
  }

  /// `[log]`: the level and format of the log.
  package struct Log: Hashable, Sendable {
    package var level = Level.info
    package var format = Format.text

    package init() {}

    /// The levels of swift-log.
    package enum Level: String, Hashable, Sendable, CaseIterable {
      case trace, debug, info, notice, warning, error, critical
    }

    package enum Format: String, Hashable, Sendable, CaseIterable {
      /// Human-readable lines.
      case text
      /// One JSON object per line, for programs.
      case json
    }
  }
}

extension Configuration {
  /// Returns the configuration with every relative path below `folder`, the folder of the configuration file. A
  /// leading `./` is dropped; an empty folder leaves the paths as they are. A path that begins with
  /// `$CREDENTIALS_DIRECTORY` is also left as it is, and is completed when the file is read.
  package func resolvingPaths(against folder: String) -> Configuration {
    var copy = self
    for path in Self.paths { copy[keyPath: path] = resolve(copy[keyPath: path], against: folder) }
    for path in Self.optionalPaths { copy[keyPath: path] = copy[keyPath: path].map { resolve($0, against: folder) } }
    for index in copy.routes.indices {
      for path in Self.routePaths {
        copy.routes[index][keyPath: path] = copy.routes[index][keyPath: path].map { resolve($0, against: folder) }
      }
    }
    copy.encryption.certificates = copy.encryption.certificates.map { resolve($0, against: folder) }
    return copy
  }

  private static var optionalPaths: [WritableKeyPath<Configuration, String?>] {
    [
      \.listener.socket, \.tls.certificate, \.tls.key, \.auth.users, \.delivery.caFile, \.delivery.passwordFile,
      \.delivery.tokenFile, \.control.tokenFile, \.fleet.passwordFile, \.fleet.caFile,
    ]
  }

  private static var routePaths: [WritableKeyPath<Configuration.Route, String?>] {
    [\.caFile, \.passwordFile, \.tokenFile]
  }

  private static var paths: [WritableKeyPath<Configuration, String>] {
    [\.delivery.maildir, \.store.directory, \.store.spool, \.control.socket]
  }
}

private func resolve(_ path: String, against folder: String) -> String {
  guard !path.hasPrefix("/"), !path.hasPrefix("$"), !folder.isEmpty else { return path }
  var path = path[...]
  while path.hasPrefix("./") { path = path.dropFirst(2) }
  return folder.hasSuffix("/") ? folder + path : folder + "/" + path
}
