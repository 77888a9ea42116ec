import ArgumentParser
import ControlAPI
import DedupConfig
import DedupCore
import Fingerprint
import Foundation
import HostSystem

struct SilenceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "silence", abstract: "Hold back errors for a while: they are counted, and listed with the silence.",
    subcommands: [SilenceAdd.self, SilenceList.self, SilenceExpire.self])

  @ParentCommand var dedupctl: DedupCtl
}

struct SilenceAdd: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add a silence.",
    discussion: """
      What to silence: an error by its id, --rule, or patterns for whole texts (* stands for any text). How long: one of \
      --for, --mails, --above and --until-resolved; one hour if none is given. For example:

          dedupctl silence add 3f2a9c51
          dedupctl silence add 3f2a9c51 --for 2h --reason "database moves"
          dedupctl silence add --title "OperationalError*" --site "*staging*" --above 100 --reason "known, rare"
          dedupctl silence add --rule scanners --until-resolved --reason "fixed in the next deploy"
      """)

  @Argument(help: "The id that list shows, or its first characters.", completion: .errorIDs)
  var id: String?
  @Option(help: "The errors that this rule of the configuration decides.", completion: .rules)
  var rule: String?
  @Option(help: "A pattern for the error as list shows it.")
  var title: String?
  @Option(help: "A pattern for its place.")
  var place: String?
  @Option(help: "A pattern for its site; with an id, the site itself.", completion: .sites)
  var site: String?
  @Option(name: .customLong("for"), parsing: .unconditional, help: "A time from now: 30min, 2h, 3d. Default: 1h.")
  var duration: String?
  @Option(parsing: .unconditional, help: "For this many mails; the next one goes out.")
  var mails: Int?
  @Option(
    parsing: .unconditional,
    help: "While no more than this many mails come within an hour; the first one beyond that goes out.")
  var above: Int?
  @Flag(help: "Until dedupctl resolve, e.g. at the next deploy.")
  var untilResolved = false
  @Option(help: "Why, for whoever finds it later.")
  var reason = ""
  @Option(help: "Who decided so. Default: the user who runs this.")
  var author: String?
  @ParentCommand var parent: SilenceCommand
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    if id == nil && rule == nil && title == nil && place == nil && site == nil {
      throw ValidationError("Say what to silence: an id, --rule, --title, --place or --site.")
    }
    let ends = [duration != nil, mails != nil, above != nil, untilResolved].count { $0 }
    if ends > 1 { throw ValidationError("--for, --mails, --above and --until-resolved exclude each other.") }
    if let duration, Self.seconds(duration) == nil {
      throw ValidationError(
        "\"\(DisplayText.oneLine(duration, limit: 60))\" is not a duration; write e.g. 30min, 2h, 3d")
    }
    if mails.map({ $0 < 1 }) ?? false || above.map({ $0 < 1 }) ?? false {
      throw ValidationError("--mails and --above take numbers from 1 on.")
    }
  }

  func run() async throws {
    var request = SilenceRequest(author: author ?? UserName.current(), reason: reason)
    request.selector = id.map { ErrorSelector(id: $0, site: site) }
    if id == nil { request.site = site }
    (request.rule, request.title, request.place) = (rule, title, place)
    (request.mails, request.rate, request.untilResolved) = (mails, above, untilResolved)
    let hasOtherEnd = mails != nil || above != nil || untilResolved
    request.seconds = duration.flatMap(Self.seconds) ?? (hasOtherEnd ? nil : 3600)
    try mustKnowRule()
    let daemon = try await relay.daemon(or: parent.dedupctl.relay)
    let made = try await daemon.silence(request)
    guard !made.isEmpty else { throw try await daemon.noError([id ?? ""], site: site) }
    Output.markDone()
    if format.output == .json { return try made.forEach(Output.json) }
    report(made)
    if let id { try await reportOthers(daemon, id, besides: made) }
    if id == nil, let silence = made.first { Self.reportCoverage(try await daemon.known(of: silence, request)) }
  }

  /// Checks that the configuration has the rule, as far as it can be read from here.
  private func mustKnowRule() throws {
    let outer = parent.dedupctl.relay
    guard let rule, relay.controlAddress == nil, outer.controlAddress == nil,
      let rules = try? relay.configuration(or: outer).rules.rules, !rules.contains(where: { $0.name == rule })
    else { return }
    let name = DisplayText.oneLine(rule, limit: 60)
    throw CommandFailure(.nothingMatched, "no rule is called \"\(name)\"; see: dedupctl rules list")
  }

  private static func reportCoverage(_ known: Int) {
    Output.line(
      known == 0
        ? "Note: nothing matches now." : "It covers \(DisplayText.count(known, "error")) that came so far.")
  }

  private func report(_ made: [SilenceEntry]) {
    if made.count > 1 { Output.line("\(made.count) silences, one for each site that has the error:") }
    for silence in made {
      Output.line("Silence \(silence.id): \(printable(silence.what)), ends \(silence.end)")
    }
    let ids = made.map(\.id).unique.map(String.init).joined(separator: " ")
    let pronoun = made.count > 1 ? "them" : "it"
    Output.line("End \(pronoun) early with: dedupctl silence expire \(ids)")
  }

  /// Reports the other silences that cover the error. An admin who ends this one would otherwise wonder why it stays
  /// silent.
  private func reportOthers(_ daemon: any ControlService, _ id: String, besides made: [SilenceEntry]) async throws {
    let errors = try await daemon.error(id: id).filter { site == nil || $0.entry.site == site }
    var said = Set(made.map(\.id))
    for silence in errors.flatMap(\.silences) where said.insert(silence.id).inserted {
      Output.line(
        silence.isOfError
          ? "Silence \(silence.id) covers it already, ends \(silence.end). Both hold; to have one only: "
            + "dedupctl silence expire \(silence.id)"
          : "Silence \(silence.id) covers it already (\(printable(silence.scope))), ends \(silence.end)")
    }
  }

  /// Returns the seconds of a duration such as `90s`, `30min`, `2h`, `3d`, or nil if the text is not a duration above
  /// zero.
  static func seconds(_ text: String) -> Int? {
    let duration = try? DurationText.read(text)
    return duration.flatMap { $0 > .zero ? Int($0.components.seconds) : nil }
  }
}

struct SilenceList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the silences in force, with what they held back.")

  @Flag(help: "Include those that have ended.")
  var all = false
  @ParentCommand var parent: SilenceCommand
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func run() async throws {
    let silences = try await relay.service(or: parent.dedupctl.relay).silences(all: all)
    if format.output == .json { return try silences.forEach(Output.json) }
    guard !silences.isEmpty else { return Output.line("Nothing is silenced.") }
    var table = Table([
      .init(title: "ID", alignment: .right), .init(title: "HELD", alignment: .right), .init(title: "ENDS"),
      .init(title: "WHO"), .init(title: "SINCE"), .init(title: "WHAT", isFlexible: true),
      .init(title: "WHY", isFlexible: true),
    ])
    for silence in silences {
      table.add([
        "\(silence.id)", "\(silence.held)", silence.end, silence.author, Output.time(silence.createdAt), silence.what,
        silence.reason,
      ])
    }
    format.write(table)
  }
}

struct SilenceExpire: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "expire", abstract: "End silences now.",
    discussion:
      "For deploy scripts: dedupctl silence expire --until-resolved")

  @Argument(help: "The numbers that silence list shows.", completion: .silences)
  var ids: [Int] = []
  @Flag(help: "All that were made with --until-resolved.")
  var untilResolved = false
  @Option(help: "Who decided so. Default: the user who runs this.")
  var author: String?
  @ParentCommand var parent: SilenceCommand
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    if ids.isEmpty != untilResolved { throw ValidationError("Say which: numbers, or --until-resolved.") }
  }

  func run() async throws {
    let daemon = try await relay.daemon(or: parent.dedupctl.relay)
    let chosen = untilResolved ? try await daemon.silences(all: false).filter(\.isUntilResolved).map(\.id) : ids.unique
    var missing: [Int] = []
    for id in chosen {
      let ended = try await daemon.endSilence(id, author: author ?? UserName.current())
      if ended.isEmpty { missing.append(id) } else { Output.markDone() }
      for silence in ended { try report(silence) }
    }
    if !missing.isEmpty {
      let names = missing.map(String.init).joined(separator: " or ")
      throw CommandFailure(.nothingMatched, "no silence \(names) is in force; see: dedupctl silence list --all")
    }
    if chosen.isEmpty, format.output == .table {
      Output.line("There is no silence that ends when its error is resolved.")
    }
  }

  private func report(_ silence: SilenceEntry) throws {
    if format.output == .json { return try Output.json(silence) }
    Output.line("Silence \(silence.id) ended; it held back \(silence.held). The usual windows decide from now on.")
  }
}

extension [Int] {
  /// The elements in their order, each once.
  fileprivate var unique: [Int] {
    var known: Set<Int> = []
    return filter { known.insert($0).inserted }
  }
}

extension ControlService {
  /// Returns the number of known errors that a silence of a rule or of patterns, made as `request` says, covers.
  fileprivate func known(of silence: SilenceEntry, _ request: SilenceRequest) async throws -> Int {
    let pattern = Silence.Pattern(title: request.title, place: request.place, site: request.site)
    let scope = request.rule.map { Silence.Scope.rule($0) } ?? .matching(pattern)
    let made = Silence(
      createdAt: Timestamp(silence.createdAt), author: silence.author, reason: silence.reason, scope: scope,
      end: .whenResolved)
    var known = 0
    var next: Int? = 0
    while let after = next {
      let page = try await export(after: after, limit: 1000)
      known += page.errors.count { error in
        made.covers(row: 0, title: error.error, place: error.place, site: error.site, rule: error.lastRule)
      }
      next = page.next
    }
    return known
  }
}

extension SilenceEntry {
  /// The scope of the silence, with the site of an error.
  fileprivate var what: String { scope + (error.map { " of \($0.site)" } ?? "") }

  /// True if the silence is about one error, not about a rule or patterns that cover it.
  fileprivate var isOfError: Bool { error.map { scope.hasPrefix($0.id + " ") } ?? false }

  /// The time or the condition of its end, in the reader's time zone.
  var end: String {
    if let endedAt { return "\(Output.time(endedAt)) (\(howItEnded))" }
    return endsAt.map { Output.time($0) } ?? ends
  }

  private var howItEnded: String {
    switch endedBy {
    case "time": "over"
    case "expired": endedAuthor.map { "ended by \(printable($0))" } ?? "ended"
    case "mails", "rate": ends
    case "clock-jumped-back": "the clock was set back"
    case let cause: cause ?? "over"
    }
  }
}
