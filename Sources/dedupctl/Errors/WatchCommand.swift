import ArgumentParser
import ControlAPI
import DedupCore
import Foundation

struct WatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Print each change to one error as it happens, until ^C.",
    discussion: """
      The first line shows the current state, each further line a change: mails that arrived, were held back or went \
      out, its window, silences, and actions of admins. With -o json each line is the error as list shows it.
      """)

  @Argument(help: "The id that list shows, or its first characters.", completion: .errorIDs)
  var id: String
  @OptionGroup var pace: PaceOptions
  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions
  @OptionGroup var which: ErrorOptions

  func run() async throws {
    let daemon = try await relay.daemon(or: dedupctl.relay)
    var known: [String: ErrorEntry] = [:]
    var left = pace.count ?? .max
    var isAway = false
    while left > 0 {
      do {
        let errors = which.chosen(try await daemon.error(id: id)).map(\.entry)
        guard !errors.isEmpty || !known.isEmpty else { throw try await daemon.noError([id], site: which.site) }
        for error in errors where left > 0 {
          if try show(error, before: known.updateValue(error, forKey: error.row)) { left -= 1 }
        }
        isAway = false
      } catch let unreachable as ControlClient.Unreachable where !known.isEmpty && !unreachable.isPermission {
        // The daemon may be restarting, and what it counted is still there afterwards.
        if !isAway { Output.error("dedupctl: \(unreachable); waiting for it") }
        isAway = true
      }
      if left > 0 { try await Task.sleep(for: .seconds(pace.every)) }
    }
  }

  /// Shows the changes of an error. Returns true if there were any.
  private func show(_ error: ErrorEntry, before: ErrorEntry?) throws -> Bool {
    let words = before.map { ErrorChange.words(from: $0, to: error) } ?? ErrorChange.standing(of: error)
    guard !words.isEmpty else { return false }
    if format.output == .json {
      try Output.json(error)
    } else {
      Output.line(printable("\(Output.local(.now, "%H:%M:%S"))  \(error.site): \(words.joined(separator: "; "))"))
    }
    return true
  }
}

/// The changes of an error between two looks, in the words of `dedupctl watch`.
enum ErrorChange {
  static func standing(of error: ErrorEntry) -> [String] {
    ["\(error.id) \(error.error)", "\(error.total) in all, \(error.suppressed) held back"] + marks(of: error)
  }

  static func words(from old: ErrorEntry, to new: ErrorEntry) -> [String] {
    let (came, held) = (new.total - old.total, new.suppressed - old.suppressed)
    let out = came - held
    var words: [String] = []
    if came != 0 || held != 0 {
      let mails = "\(signed(came)) mail\(abs(came) == 1 ? "" : "s")"
      let part = held <= 0 ? "" : came == held && held == 1 ? ", held back" : ", \(held) of them held back"
      words += [mails + part, "now \(new.total) in all, \(new.suppressed) held back"]
    }
    if out > 0 { words.append("\(out) went out" + (new.lastReason.map { " (\($0))" } ?? "")) }
    if new.windowEnd != old.windowEnd {
      words.append(new.windowEnd.map { "the window ends \(Output.time($0))" } ?? "no window is open")
    }
    let (before, now) = (marks(of: old), marks(of: new))
    words += now.filter { !before.contains($0) } + before.filter { !now.contains($0) }.map { "not \($0) any more" }
    return words
  }

  private static func marks(of error: ErrorEntry) -> [String] {
    [
      error.isSilenced ? "silenced" : nil, error.resolvedAt != nil ? "resolved" : nil,
      error.awaitsDigest ? "waiting for a digest" : nil, error.passesNext ? "passing its next mail" : nil,
    ].compactMap { $0 }
  }

  private static func signed(_ number: Int) -> String { number > 0 ? "+\(number)" : "\(number)" }
}

extension ErrorEntry {
  /// The identity of the row: the same error in two sites is two rows, even if the sites have the same name.
  var row: String {
    ([fingerprint, site, subjectPrefix ?? "", sender ?? ""] + (recipients ?? [])).joined(separator: "\u{1F}")
  }
}
