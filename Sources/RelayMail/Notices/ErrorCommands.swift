/// The commands for an admin to handle an error, as shown in every mail that reports one.
enum ErrorCommands {
  /// Returns the commands with their labels, one for each line.
  static func of(_ id: String) -> [(String, String)] {
    [
      ("look", "dedupctl show \(id)"), ("silence", "dedupctl silence add \(id)"),
      ("resolve", "dedupctl resolve \(id)"),
    ]
  }

  /// Returns all commands in one line.
  static func line(_ id: String) -> String { of(id).map(\.1).joined(separator: "; ") }

  /// The hint for a mail that names several errors.
  static let hint = text("shows one of them")
  /// The same for a mail about errors of which no other mail went out.
  static let hintWithMails = text("shows one of them (with --mails the whole mail)")

  private static func text(_ show: String) -> String {
    """
    dedupctl show ID \(show), dedupctl silence add ID keeps it quiet for an hour, and dedupctl resolve ID says that it is \
    fixed: when it comes back, its first mail goes out at once.
    """
  }
}
