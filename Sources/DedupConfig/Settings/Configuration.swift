package import DedupCore
package import Fingerprint
package import MailMessage
package import SMTPProtocol

/// All settings of the relay, with the defaults of `dedup.conf`.
///
/// Where another type owns a default (`SessionLimits`, `WindowPolicy`, `RetryPolicy`), it stands there and nowhere else.
package struct Configuration: Hashable, Sendable {
  package var listener = Listener()
  package var tls = TLS()
  package var auth = Auth()
  package var encryption = Encryption()
  package var access = Access()
  package var limits = SessionLimits()
  package var window = WindowPolicy()
  package var reports = Reports()
  /// `[rule NAME]`, in the order of the file.
  package var rules = RuleSet()
  package var delivery = Delivery()
  /// `[route NAME]`, in the order of the file.
  package var routes: [Route] = []
  package var summary = Summary()
  package var store = Store()
  package var control = Control()
  package var log = Log()

  package init() {}

  /// `[listener]`: where Django connects.
  package struct Listener: Hashable, Sendable {
    /// May be empty where one of the two that follow is not.
    package var addresses = [Endpoint(host: "127.0.0.1", port: 2525)]
    /// TLS from the first octet; may be empty.
    package var tlsAddresses: [Endpoint] = []
    /// A Unix socket; nil: none.
    package var socket: String?
    package var socketMode = FileMode(bits: 0o660)
    /// The name in greeting and trace headers; nil: the machine's.
    package var hostname: String?
    /// Open connections in all.
    package var maximumConnections = 1000
    /// Open connections of clients that may not send before they log in.
    package var maximumConnectionsBeforeLogin = 200
    /// Memory for unfinished messages of all clients, in octets.
    package var messageMemory = 64 << 20
    /// Open connections of one client address.
    package var maximumConnectionsPerClient = 100
    /// The same for clients on this machine, where all of a site's processes share one address.
    package var maximumConnectionsPerLoopbackClient = 500

    package init() {}
  }

  /// `[tls]`: both files or none.
  package struct TLS: Hashable, Sendable {
    package var certificate: String?
    package var key: String?

    package init() {}
  }

  /// `[access]`: who may send.
  package struct Access: Hashable, Sendable {
    /// Without AUTH; may be empty.
    package var networks = [IPNetwork("127.0.0.0/8"), IPNetwork("::1/128")].compactMap { $0 }
    /// Who begins with a PROXY header and is believed.
    package var proxies: [IPNetwork] = []
    /// Octets that no mail may have are mended, not refused.
    package var mendsMessages = true

    package init() {}
  }

  /// `[auth]`: who may log in.
  package struct Auth: Hashable, Sendable {
    /// A file; nil: nobody.
    package var users: String?
    package var allowsPlaintextOnLoopback = false

    package init() {}
  }

  /// `[encryption]`: who alone can read error mail.
  package struct Encryption: Hashable, Sendable {
    /// Files; empty: nothing is encrypted.
    package var certificates: [String] = []
    package var whenUnusable = WhenUnusable.refuse
    package var hidesSubject = false

    package init() {}

    /// What comes first when a certificate cannot be used.
    package enum WhenUnusable: String, Hashable, Sendable, CaseIterable {
      /// Secrecy: nothing ever leaves in clear.
      case refuse
      /// That everybody can read the mail.
      case clear
    }
  }

  /// `[delivery]`: where mail goes, and what happens when it cannot.
  package struct Delivery: Hashable, Sendable {
    /// In order of preference. Empty: into the Maildir.
    package var smarthosts: [Smarthost] = []
    package var tls = TLSChoice.auto
    /// Certificates to trust instead of those of the system.
    package var caFile: String?
    package var verifiesCertificates = true
    /// Nil: no AUTH. Else one of the three that follow is set.
    package var username: String?
    package var passwordFile: String?
    package var tokenFile: String?
    /// A shell command that prints the token.
    package var tokenCommand: String?
    /// A folder, made when missing.
    package var maildir = "var/maildir"
    /// Connections to the smarthosts at the same time.
    package var connections = 20
    package var retry = RetryPolicy()
    /// Who gets bounces that cannot be delivered; nil: nobody, they are logged.
    package var postmaster: EmailAddress?
    /// What each smarthost may be given.
    package var limits = DeliveryLimits()
    /// Takes the place of envelope senders that smarthosts refuse; nil: all leave as they are.
    var senderRewrite: EmailAddress?
    /// Those senders.
    var rewrittenSenders: [Glob] = [
      "*@localhost", "*@*.localdomain", "*@*.local", "*@*.internal", "*@*.lan",
    ].compactMap { try? Glob($0, ignoresCase: true) }
    /// All mail is thrown away; for load tests.
    package var discards = false

    package init() {}
  }

  /// `[reports]`: what counts as an error report besides what is one by its structure.
  package struct Reports: Hashable, Sendable {
    package var notices: [NoticeKind] = []
    /// Addresses in From of programs.
    package var senders: [Glob] = []

    package init() {}
  }

  /// `[summary]`: the daily and weekly mail about what was held back.
  package struct Summary: Hashable, Sendable {
    /// The daily one.
    package var enabled = true
    package var time = TimeOfDay.seven
    /// The day of the weekly one; nil: none.
    package var weekly: Weekday?
    package var split = SummarySplit.no
    /// Also after a day without any error.
    package var sendWhenQuiet = false
    /// Nil: the sender of most error mails.
    package var from: EmailAddress?
    /// Empty: whoever gets the error mails.
    package var to: [EmailAddress] = []
    /// Errors listed one by one; the rest is summed up.
    package var topErrors = 20

    package init() {}
  }

  /// `[store]`: the database of windows, counts and queue.
  package struct Store: Hashable, Sendable {
    package var directory = "var/store"
    /// Where mail is kept while the database cannot take it.
    package var spool = "var/spool"
    /// How long the first and the latest mail of an error are kept.
    package var sampleAge = Duration.seconds(90 * 86_400)
    /// Octets of all of these together.
    package var sampleSize = 256 << 20
    /// How long counts are kept, and errors that are not seen any more.
    package var history = Duration.seconds(400 * 86_400)

    package init() {}
  }

  /// `[control]`: how `dedupctl` reaches the daemon.
  package struct Control: Hashable, Sendable {
    package var socket = "var/control.sock"
    /// The group of the socket, by name; nil: that of the process.
    package var socketGroup: String?
    /// Where it also answers over TCP, on this machine only; nil: nowhere.
    package var address: Endpoint?
    /// A file with what clients of `address` have to show.
    package var tokenFile: String?

    package init() {}
  }

  /// `[log]`.
  package struct Log: Hashable, Sendable {
    package var level = Level.info
    package var format = Format.text

    package init() {}

    /// The levels of swift-log.
    package enum Level: String, Hashable, Sendable, CaseIterable {
      case trace, debug, info, notice, warning, error, critical
    }

    package enum Format: String, Hashable, Sendable, CaseIterable {
      /// For people.
      case text
      /// One object in a line, for programs.
      case json
    }
  }
}

extension Configuration {
  /// The same with every relative path below `folder`, the folder of the configuration file. `./` at its front is
  /// dropped; an empty folder leaves the paths as they are. One that begins with `$CREDENTIALS_DIRECTORY` is completed by
  /// whoever reads the file.
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
      \.delivery.tokenFile, \.control.tokenFile,
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
