/// A grouping that an admin made with `dedupctl merge` or `dedupctl split` and that is still in effect.
package struct ErrorGrouping: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    /// The members are part of the error.
    case merged
    /// The members are variants of the error, and each is now an error of its own.
    case split
  }

  package var kind: Kind
  package var error: NamedError
  /// The errors that were merged or split off. Empty for a split error that has sent no mail since.
  package var members: [NamedError]

  package init(kind: Kind, error: NamedError, members: [NamedError]) {
    self.kind = kind
    self.error = error
    self.members = members
  }
}
