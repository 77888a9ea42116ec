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
  static let hint = """
    dedupctl show ID shows one of them, dedupctl silence add ID keeps it quiet for an hour, and dedupctl resolve ID says \
    that it is fixed: when it comes back, its first mail goes out at once.
    """
}
