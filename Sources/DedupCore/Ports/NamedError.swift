/// One error as the store knows it.
package struct NamedError: Hashable, Sendable {
  /// The row of the error in the store.
  package var row: Int64
  package var fingerprint: String
  package var site: String
  package var title: String
  /// The row that the error was merged into, or nil if it is not merged.
  package var mergedInto: Int64?

  package init(row: Int64, fingerprint: String, site: String, title: String, mergedInto: Int64? = nil) {
    self.row = row
    self.fingerprint = fingerprint
    self.site = site
    self.title = title
    self.mergedInto = mergedInto
  }

  package var id: String { FingerprintRow.id(of: fingerprint) }
}
