/// What an admin may do about an error, as every mail that tells of one says it.
enum ErrorCommands {
  /// A line each, with its label.
  static func of(_ id: String) -> [(String, String)] {
    [
      ("look", "dedupctl show \(id)"), ("silence", "dedupctl silence add \(id)"),
      ("resolve", "dedupctl resolve \(id)"),
    ]
  }

  /// All in one line.
  static func line(_ id: String) -> String { of(id).map(\.1).joined(separator: "; ") }

  /// Of a mail that names several.
  static let hint = """
    dedupctl show ID shows one of them, dedupctl silence add ID keeps it quiet for an hour, and dedupctl resolve ID says \
    that it is fixed: when it comes back, its first mail goes out at once.
    """
}
