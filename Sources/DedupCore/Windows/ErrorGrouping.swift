/// What the admin made of an error with `dedupctl merge` or `dedupctl split`, and holds still.
package struct ErrorGrouping: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    /// The members are part of the error.
    case merged
    /// The members are variants of the error, each an error of its own.
    case split
  }

  package var kind: Kind
  package var error: NamedError
  /// Empty for a split error of which no mail came since.
  package var members: [NamedError]

  package init(kind: Kind, error: NamedError, members: [NamedError]) {
    self.kind = kind
    self.error = error
    self.members = members
  }
}
