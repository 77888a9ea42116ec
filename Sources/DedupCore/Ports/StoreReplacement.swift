/// The replacement of a database that became unusable. A fresh database stands in its place.
package struct StoreReplacement: Hashable, Sendable, Codable {
  package enum Cause: String, Hashable, Sendable, Codable {
    /// The content of the file is not what was written.
    case damaged
    /// The file was removed or replaced by another one while it was in use.
    case removed
  }

  package var cause: Cause
  /// A description of the finding, for display.
  package var reason: String
  package var at: Timestamp
  /// The path of the old file, or nil if there is none.
  package var path: String?
  /// The number of mails waiting for delivery that were recovered and still wait.
  package var recovered: Int
  /// The number of mails waiting for delivery that could not be read, or nil if it is not known. Never less than the
  /// true number.
  package var lost: Int?
  /// The number of errors whose windows and counts continue.
  package var errors: Int

  package init(
    cause: Cause, reason: String, at: Timestamp, path: String?, recovered: Int, lost: Int?, errors: Int
  ) {
    self.cause = cause
    self.reason = reason
    self.at = at
    self.path = path
    self.recovered = recovered
    self.lost = lost
    self.errors = errors
  }
}
