import DedupConfig
import Fingerprint
import Testing

/// What a reload sees of two configurations.
@Suite struct ChangeTests {
  private static let ids = ConfigurationSchema.sections.flatMap(\.keys).map(\.id)

  private func configuration(_ text: String) -> Configuration {
    ConfigurationParser.parse(Array(text.utf8), file: "dedup.conf").configuration
  }

  /// The example of the key below its section, and nothing else.
  private func configuration(with key: ConfigurationKey) -> Configuration {
    configuration("[\(key.section)]\n\(key.name) = \(key.example)\n")
  }

  @Test(
    "a key that changes is the one that is named",
    arguments: ids)
  func aKeyThatChangesIsTheOneThatIsNamed(_ id: String) throws {
    let key = try #require(ConfigurationSchema.key(id))
    let change = ConfigurationChange(from: Configuration(), to: configuration(with: key))
    #expect(change.keys == [id])
    #expect(ConfigurationChange(from: configuration(with: key), to: Configuration()).keys == [id])
    #expect(ConfigurationChange(from: configuration(with: key), to: configuration(with: key)).keys == [])
    #expect(change.live + change.awaitingRestart == [id])
  }

  @Test("rules are one change, whatever changed in them")
  func rulesAreOneChange() {
    let rules = configuration("[rule flood]\ntype = OSError\naction = summary-only\n")
    #expect(rules.rules.rules.count == 1)
    #expect(ConfigurationChange(from: Configuration(), to: rules).live == ["rule"])
  }

  @Test("whatever waits for a restart is kept as it is, so that the next reload says it again")
  func whatNeedsARestartIsKept() {
    let text = """
      [listener]
      hostname = new.example
      [store]
      directory = elsewhere
      spool = there
      sample-age = 2d
      [control]
      socket = here
      [window]
      length = 5min

      """
    let running = Configuration()
    let change = ConfigurationChange(from: running, to: configuration(text))
    #expect(change.awaitingRestart == ["listener.hostname", "store.directory", "store.spool", "control.socket"])
    #expect(change.live == ["window.length", "store.sample-age"])
    let adopted = configuration(text).keepingWhatIsFixed(in: running)
    #expect(ConfigurationChange(from: running, to: adopted).keys == ["window.length", "store.sample-age"])
    #expect(ConfigurationChange(from: adopted, to: configuration(text)).live == [])
  }

  @Test(
    "only another way out makes waiting mail due",
    arguments: [
      ("delivery.smarthost", true), ("delivery.username", true), ("delivery.maildir", true), ("delivery.tls", true),
      ("delivery.retry-waits", false), ("delivery.connections", false), ("delivery.postmaster", false),
      ("window.length", false), ("listener.address", false),
    ])
  func onlyAnotherWayMakesWaitingMailDue(_ id: String, _ isAnother: Bool) throws {
    let key = try #require(ConfigurationSchema.key(id))
    let change = ConfigurationChange(from: Configuration(), to: configuration(with: key))
    #expect(change.concernsRoute == isAnother)
  }
}
