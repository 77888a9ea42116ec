import DedupConfig
import DedupCore
import MailMessage
import SMTPProtocol
import Testing

@Suite struct SchemaTests {
  static let keys = ConfigurationSchema.sections.flatMap(\.keys)

  @Test("each default is the one of the type that it fills")
  func defaults() {
    let configuration = parse("").configuration
    #expect(configuration.limits == SessionLimits())
    #expect(configuration.window == WindowPolicy())
    #expect(configuration.delivery.retry == RetryPolicy())
  }

  @Test("each field has a key: no setting is out of an admin's reach")
  func everyFieldHasAKey() {
    #expect(Mirror(reflecting: SessionLimits()).children.count == count("limits"))
    #expect(Mirror(reflecting: WindowSettings()).children.count == count("window"))
    #expect(Mirror(reflecting: WindowOverrides()).children.count == OverrideKey.ofSites.count)
    let configuration = Configuration()
    // And the rules, routes and sites, which are sections of their own.
    #expect(Mirror(reflecting: configuration).children.count == ConfigurationSchema.sections.count + 3)
    #expect(Mirror(reflecting: configuration.listener).children.count == count("listener"))
    #expect(Mirror(reflecting: configuration.access).children.count == count("access"))
    #expect(Mirror(reflecting: configuration.tls).children.count == count("tls"))
    #expect(Mirror(reflecting: configuration.auth).children.count == count("auth"))
    #expect(Mirror(reflecting: configuration.encryption).children.count == count("encryption"))
    #expect(Mirror(reflecting: configuration.summary).children.count == count("summary"))
    #expect(Mirror(reflecting: configuration.store).children.count == count("store"))
    #expect(Mirror(reflecting: configuration.control).children.count == count("control"))
    #expect(Mirror(reflecting: configuration.log).children.count == count("log"))
    let retry = Mirror(reflecting: RetryPolicy()).children.count - 1
    let limits = Mirror(reflecting: DeliveryLimits()).children.count - 1
    #expect(Mirror(reflecting: configuration.delivery).children.count + retry + limits == count("delivery"))
    // All but the name; what it matches is three keys.
    #expect(Mirror(reflecting: Configuration.Route(name: "")).children.count - 2 + 3 == RouteKey.all.count)
  }

  private func count(_ section: String) -> Int? { ConfigurationSchema.section(section)?.keys.count }

  @Test("the keys of [limits] are the fields of SessionLimits in kebab-case")
  func limitNames() {
    let fields = Mirror(reflecting: SessionLimits()).children.compactMap(\.label).map(kebab)
    #expect(Set(fields) == Set(ConfigurationSchema.section("limits")?.keys.map(\.name) ?? []))
  }

  private func kebab(_ name: String) -> String {
    name.map { $0.isUppercase ? "-" + $0.lowercased() : String($0) }.joined()
  }

  @Test("no id comes twice")
  func idsAreUnique() { #expect(Set(Self.keys.map(\.id)).count == Self.keys.count) }

  /// Keys that mean nothing without others.
  private static let companions = [
    "listener.tls-address": ["tls.certificate", "tls.key", "auth.users"], "tls.certificate": ["tls.key"],
    "tls.key": ["tls.certificate"], "auth.users": ["tls.certificate", "tls.key"],
    "control.address": ["control.token-file"],
  ]

  @Test("each example is right, differs from the default, and changes exactly its own key", arguments: keys.map(\.id))
  func examples(_ id: String) throws {
    let key = try #require(ConfigurationSchema.key(id))
    let companions = (Self.companions[id] ?? []).compactMap(ConfigurationSchema.key)
    let lines = ([key] + companions).map { "[\($0.section)]\n\($0.name) = \($0.example)\n" }
    let parsed = parse(lines.joined())
    #expect(parsed.errors == [] && parsed.warnings == [])
    let changed = Self.keys.filter { $0.text(of: parsed.configuration) != $0.text(of: Configuration()) }
    #expect(Set(changed.map(\.id)) == Set([id] + companions.map(\.id)))
    #expect(key.text(of: parsed.configuration) == key.example)
  }

  @Test("a configuration with no default left survives being written and read")
  func roundTrip() {
    let text = ConfigurationSchema.sections
      .map { "[\($0.name)]\n" + $0.keys.filter(isCompatible).map { "\($0.name) = \($0.example)\n" }.joined() }
      .joined()
    let configuration = parse(text).configuration
    let again = parse(ConfigurationReference.values(of: configuration))
    #expect(again.errors == [] && again.configuration == configuration)
    #expect(Self.keys.filter(isCompatible).allSatisfy { $0.text(of: configuration) != $0.text(of: Configuration()) })
  }

  /// Of the three that prove the username, only one may be set.
  private func isCompatible(_ key: ConfigurationKey) -> Bool { !key.name.hasPrefix("oauth-token") }

  @Test("each explanation is a sentence", arguments: keys.map(\.id))
  func explanations(_ id: String) throws {
    let text = try #require(ConfigurationSchema.key(id)).explanation
    #expect(text.hasSuffix(".") && text.first?.isUppercase == true && !text.contains("  "))
  }

  @Test("relative paths start at the folder of the file, absolute ones stay")
  func paths() {
    var configuration = Configuration()
    configuration.store.directory = "/srv/store"
    configuration.control.socket = "./run/socket"
    configuration.listener.socket = "run/smtp.sock"
    configuration.encryption.certificates = ["anna.pem", "/ben.pem"]
    let resolved = configuration.resolvingPaths(against: "/etc/maildedup")
    #expect(resolved.delivery.maildir == "/etc/maildedup/var/maildir")
    #expect(resolved.store.directory == "/srv/store")
    #expect(resolved.control.socket == "/etc/maildedup/run/socket")
    #expect(resolved.listener.socket == "/etc/maildedup/run/smtp.sock")
    #expect(resolved.encryption.certificates == ["/etc/maildedup/anna.pem", "/ben.pem"])
    #expect(configuration.resolvingPaths(against: "/").delivery.maildir == "/var/maildir")
    #expect(configuration.resolvingPaths(against: "") == configuration)
  }
}
