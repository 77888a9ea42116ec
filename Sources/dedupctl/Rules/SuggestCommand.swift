import ArgumentParser
import ControlAPI
import DedupConfig
import DedupCore
import MailFiles
import Trial

struct RulesSuggestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "suggest", abstract: "Suggest rules that make your merges and splits permanent. Changes nothing.",
    discussion: """
      For each merged or split error, prints the narrowest rule with the same effect, ready for conf.d. Comments show \
      what the rule would have done to past mail: the mail in FILE or DIR or, without one, the first and latest mails \
      that the relay keeps of each error.
      """)

  @Argument(help: PastMails.help, completion: .file())
  var path: String?
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions
  @Option(parsing: .unconditional, help: "Show at most this many errors, and this many changes.")
  var limit = 20

  func validate() throws { try Self.check("--limit", limit, from: 0) }

  func run() async throws {
    let service = try await relay.service(or: dedupctl.relay)
    let groupings = try await service.groupings()
    guard !groupings.isEmpty else {
      if format.output == .table {
        Output.line("No error is merged or split, so there is nothing to make a rule from.")
      }
      return
    }
    let configuration = try relay.configuration(or: dedupctl.relay)
    var mails = KeptMailReader(service)
    var proposals: [RuleProposal] = []
    for grouping in groupings {
      let kept = try await mails.mails(of: grouping)
      proposals.append(RuleProposal(grouping, kept, unkept: mails.unkept(of: grouping), configuration))
    }
    if let path {
      try PastMails(path: path).forEach { mail in
        proposals.tryOn(PastMail(mail.message, storedAt: mail.storedAt), file: mail.name)
      }
    } else {
      try await mails.forEach(groupings) { proposals.tryOn(PastMail($0), file: $1) }
    }
    if format.output == .json { return try proposals.map(\.row).forEach(Output.json) }
    for (index, proposal) in proposals.enumerated() {
      if index > 0 { Output.line("") }
      proposal.lines(limit: limit).forEach(Output.line)
    }
  }
}

extension [RuleProposal] {
  fileprivate mutating func tryOn(_ mail: PastMail, file: String) {
    for index in indices { self[index].trial?.add(mail, file: file) }
  }
}

/// A reader of the mails that the relay keeps of errors, which requests each error once.
struct KeptMailReader {
  private let service: any ControlService
  private var known: [String: [[UInt8]]] = [:]

  init(_ service: any ControlService) { self.service = service }

  /// Returns the mails of the error and of all members.
  mutating func mails(of grouping: GroupingEntry) async throws -> [[UInt8]] {
    var all: [[UInt8]] = []
    for error in [grouping.error] + grouping.members { all += try await mails(of: error.fingerprint, error.site) }
    return all
  }

  /// Returns the short ids of the errors without a kept mail, once all were requested.
  func unkept(of grouping: GroupingEntry) -> [String] {
    ([grouping.error] + grouping.members).filter { known[Self.name($0.fingerprint, $0.site)] == [] }.map(\.id)
  }

  /// Reads every kept mail, with a name: those of all listed errors, and of errors that are part of another one.
  mutating func forEach(_ groupings: [GroupingEntry], _ body: ([UInt8], String) -> Void) async throws {
    let progress = Progress("read")
    defer { progress.end() }
    var next: Int? = 0
    while let after = next {
      let page = try await service.export(after: after, limit: 500)
      for error in page.errors {
        _ = try await mails(of: error.fingerprint, error.site)
        progress.add(1)
      }
      next = page.next
    }
    for grouping in groupings { _ = try await mails(of: grouping) }
    for (error, mails) in known {
      for (number, mail) in mails.enumerated() { body(mail, "\(error) \(number)") }
    }
  }

  private static func name(_ fingerprint: String, _ site: String) -> String { "\(fingerprint) \(site)" }

  private mutating func mails(of fingerprint: String, _ site: String) async throws -> [[UInt8]] {
    let name = Self.name(fingerprint, site)
    if let mails = known[name] { return mails }
    let digest = String(fingerprint.drop { $0 != ":" }.dropFirst())
    let details = try await service.error(id: digest).filter {
      $0.entry.fingerprint == fingerprint && $0.entry.site == site
    }
    let mails = Set(details.flatMap(\.keptMails)).sorted().map { Array($0.utf8) }
    known[name] = mails
    return mails
  }
}

extension ErrorDetail {
  /// The first and the latest mail, and the first of each variant, as far as they are kept.
  fileprivate var keptMails: [String] {
    ([firstMail, latestMail] + (variants ?? []).map(\.firstMail)).compactMap { $0 }
  }
}
