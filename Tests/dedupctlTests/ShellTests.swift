import DedupCore
import Testing

@testable import dedupctl

@Suite struct StartCommandTests {
  @Test(
    "the relay of the package is a service, any other one a program",
    arguments: [
      ("/etc/maildedup/dedup.conf", "start it with: systemctl start maildedup.service; or wait"),
      ("dedup.conf", "start it with: maildedup --config dedup.conf; or wait"),
    ])
  func remedy(_ path: String, _ expected: String) {
    let remedy = "start it with: systemctl start maildedup.service; or wait"
    #expect(StartCommand.inRemedy(remedy, path) == expected)
  }

  @Test(
    "the configuration is the last one that the command line names",
    arguments: [
      (["list", "-c", "a.conf"], "a.conf"), (["--config", "a.conf", "list", "--config", "b.conf"], "b.conf"),
      (["list", "--config=c.conf"], "c.conf"),
    ])
  func configuration(_ words: [String], _ path: String) {
    #expect(StartCommand.configuration(in: words) == path)
  }
}

@Suite struct CompletionScriptTests {
  @Test(
    "each shell completes the commands after help",
    arguments: [
      ("x\n_dedupctl_help() {\n    __dedupctl_offer_flags_options -1\n}\n", "compgen -W 'list show watch"),
      ("x\n_dedupctl_help() {\n        '*:subcommands:'\n}\n", "':subcommand:(list show watch"),
      ("function __dedupctl_should_offer_completions_for_positional\n", "-fa 'list show watch"),
    ])
  func help(_ script: String, _ expected: String) {
    #expect(CompletionScript.withVerbsOfHelp(script).contains(expected))
  }

  @Test("any other text stays as it is")
  func others() { #expect(CompletionScript.withVerbsOfHelp("{\"command\": 1}") == "{\"command\": 1}") }
}

@Suite struct FailureWordsTests {
  @Test(
    "an id is said in one line, cut",
    arguments: [
      ("3f2a", "3f2a"), ("3f\n2a", "3f 2a"),
      (String(repeating: "z", count: 100_000), String(repeating: "z", count: 60) + "…"),
    ])
  func ids(_ id: String, _ expected: String) {
    #expect(id.typed == expected)
  }

  @Test(
    "an id has to match one mail of the queue",
    arguments: [
      ([], "no mail in the queue has an id that starts with 1; see: dedupctl queue list"), (["1A"], nil),
      (["1A", "1B"], "1 matches several mails (1A, 1B); type more of the id"),
    ] as [([String], String?)])
  func queue(_ found: [String], _ expected: String?) {
    #expect(QueueSelectionOptions.failure("1", found)?.description == expected)
  }

  @Test("what cannot be purged is named")
  func purge() {
    #expect(PurgeCommand.absence(["a", "b"], nil) == "no mails are kept for these errors")
    #expect(PurgeCommand.absence([], .seconds(1)) == "no mails that are so old are kept for any error")
  }

  @Test(
    "a store that cannot be read has its remedy",
    arguments: [
      (StoreFailure(.corrupt, "the database is damaged: x"), "sets the damaged file aside"),
      (StoreFailure(.other, "there is no store in x: no relay has used this directory yet"), "no relay ran here yet"),
      (StoreFailure(.other, "written by an older version of MailDedup; start maildedup once to update it"), nil),
    ] as [(StoreFailure, String?)])
  func store(_ failure: StoreFailure, _ expected: String?) {
    let remedy = DoctorChecks.remedy(failure, "/srv/store")
    #expect(expected.map { remedy?.contains($0) == true } ?? (remedy == nil))
  }

  @Test(
    "whoever names a folder of a Maildir is told of the Maildir",
    arguments: [
      ("var/maildir/new", "no .eml files in var/maildir/new; for a Maildir give its parent: var/maildir"),
      ("/m/cur/", "no .eml files in /m/cur; for a Maildir give its parent: /m"), ("mails", nil), ("a/news", nil),
    ] as [(String, String?)])
  func maildir(_ path: String, _ expected: String?) {
    #expect(PastMails.adviceForMaildir(path) == expected)
  }

  @Test(
    "a time and a duration are told apart",
    arguments: [("2h", true), ("2026-11-26", true), ("-2h", false), ("yesterday", false)])
  func time(_ text: String, _ isTime: Bool) {
    #expect(((try? PointInTime(text)) != nil) == isTime)
  }
}
