import ArgumentParser
import MailFiles

/// The mails that a command reads: one mail, an mbox, a Maildir, a folder of `.eml` files, or standard input.
struct PastMails {
  static let help = ArgumentHelp(
    "A mail, an mbox file, a Maildir, a folder of .eml files, or - for standard input.", valueName: "file|dir|-")

  let path: String

  /// Returns advice for the folder of a Maildir that was given in place of the Maildir; nil for any other path.
  static func adviceForMaildir(_ path: String) -> String? {
    let folder = path.hasSuffix("/") ? String(path.dropLast()) : path
    guard let slash = folder.lastIndex(of: "/") else { return nil }
    guard ["cur", "new"].contains(folder[folder.index(after: slash)...]) else { return nil }
    return "no .eml files in \(folder); for a Maildir give its parent: \(folder[..<slash])"
  }

  /// Reads one mail after the other. Mails that cannot be read are reported on standard error and skipped.
  func forEach(_ body: (MailArchive.Mail) throws -> Void) throws {
    var count = 0
    var problems = 0
    let progress = Progress("read")
    defer { progress.end() }
    do {
      try MailArchive(path).forEach { found in
        switch found {
        case .mail(let mail):
          count += 1
          progress.add(1)
          try body(mail)
        case .empty(let name): Output.error("skipped: \(printable(name)) is empty")
        case .unreadable(let why):
          problems += 1
          Output.error("skipped: \(printable(why))")
        }
      }
    } catch let failure as MailArchive.Failure {
      let status: ExitStatus = failure.isEmpty ? .nothingMatched : failure.isPermission ? .permission : .failure
      throw CommandFailure(status, (failure.isEmpty ? Self.adviceForMaildir(path) : nil) ?? failure.description)
    }
    guard count == 0 else { return }
    throw CommandFailure(problems > 0 ? .failure : .nothingMatched, "there is no mail to read in \(path)")
  }
}
