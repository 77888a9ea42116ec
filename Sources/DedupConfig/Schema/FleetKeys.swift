import DedupCore

extension ConfigurationSchema {
  static let fleet = ConfigurationSection(
    "fleet",
    """
    Several relays that send one mail of each error together. They agree through a Valkey or Redis, 7.0 or later. \
    Without it each relay goes on by itself.
    """,
    keys: [
      ConfigurationKey(
        "engine", \.fleet.engine, .optional(.engine), example: "rediss://engine.example.org:6379/0",
        """
        Where the engine is: redis:// or, over verified TLS, rediss://host:port/database; unix:///path?db=0 for a \
        socket; sentinel:// or sentinels://host:port,host:port/name/database for the primary that Sentinels name. Use a \
        database or an engine of its own: Django's cache.clear() empties the one that the site's cache uses. Empty: \
        this relay is in no fleet.
        """),
      ConfigurationKey(
        "name", \.fleet.name, .fleetName, example: "shop",
        """
        The name of the fleet, the same at all its relays. Two fleets of different names can share an engine. All keys \
        begin with maildedup: and this name.
        """),
      ConfigurationKey(
        "relay", \.fleet.relay, .optional(.text), example: "web1",
        "The name that dedupctl fleet shows for this relay. Empty: the name of the machine."),
      ConfigurationKey(
        "username", \.fleet.username, .optional(.text), example: "maildedup",
        "The user of the engine (ACL) to log in as. Empty: its default user, or no login without password-file."),
      ConfigurationKey(
        "password-file", \.fleet.passwordFile, .optional(.path()), example: "$CREDENTIALS_DIRECTORY/fleet",
        """
        A file that holds the password and nothing else, readable for the relay only. It is read for each new \
        connection. Empty: no login.
        """),
      ConfigurationKey(
        "ca-file", \.fleet.caFile, .optional(.path()), example: "/etc/ssl/our-authority.pem",
        "Certificates (PEM) of the authorities to trust for the engine. Empty: those of the system."),
      ConfigurationKey(
        "patience", \.fleet.patience, .patience, example: "200ms",
        """
        How long a mail about an error waits for the engine before it leaves without its consent. Only the delivery \
        waits, never the site, and after a failure the engine is left alone for a while.
        """),
    ])
}

extension ValueFormat<EngineAddress> {
  static let engine = ValueFormat(
    syntax: "the address of an engine", range: nil,
    read: { (text) throws(ValueProblem) in
      if text.contains("@") {
        throw ValueProblem(
          item: "", what: "holds a login", remedy: "write fleet.username and fleet.password-file", example: .none)
      }
      guard let address = EngineAddress(text) else {
        throw ValueProblem(
          item: text, what: "is not the address of an engine", remedy: "write scheme://host:port/database",
          example: .ofTheKey)
      }
      return address
    },
    write: { $0.description })
}

extension ValueFormat<String> {
  static let fleetName = ValueFormat(
    syntax: "1 to 64 letters, digits, - or _", range: nil,
    read: { (text) throws(ValueProblem) in
      let isPlain = text.utf8.allSatisfy {
        $0.isDigit || UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 | 0x20 || $0 == 0x2D || $0 == 0x5F
      }
      guard (1...64).contains(text.utf8.count), isPlain else {
        throw ValueProblem(
          item: text, what: "is not a name", remedy: "write 1 to 64 letters, digits, - or _", example: .ofTheKey)
      }
      return text
    },
    write: { $0 })
}

extension ValueFormat<Duration> {
  /// The format of short waits: `50ms`, `2s`.
  static let patience = ValueFormat(
    syntax: "a duration in ms or s", range: "1ms to 10s",
    read: { (text) throws(ValueProblem) in
      let digits = text.prefix { $0.isASCII && $0.isNumber }
      let factor: Int64? =
        switch text.dropFirst(digits.count).drop(while: { $0 == " " }) {
        case "ms": 1
        case "s": 1000
        default: nil
        }
      guard digits.count <= 6, let number = Int64(digits), let factor else {
        throw ValueProblem(
          item: text, what: "is not a duration", remedy: "write a number with ms or s", example: .ofTheKey)
      }
      guard (1...10_000).contains(number * factor) else {
        throw ValueProblem(item: text, what: "is out of range", remedy: "write 1ms to 10s")
      }
      return .milliseconds(number * factor)
    },
    write: { duration in
      let milliseconds = duration.wholeMilliseconds
      return milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
    })
}
