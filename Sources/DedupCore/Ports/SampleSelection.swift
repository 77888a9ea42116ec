/// A selection of the mails that are kept as samples of errors.
package struct SampleSelection: Hashable, Sendable {
  package var errors: Errors
  /// The age that samples must exceed, or nil for samples of any age.
  package var age: Duration?

  package enum Errors: Hashable, Sendable {
    case all
    /// The errors whose ids begin with one of these, in the sites of that name, or in all sites if nil. An empty id
    /// matches none, so that a slip does not select everything.
    case ids([String], site: String? = nil)
  }

  package init(_ errors: Errors, age: Duration? = nil) {
    self.errors = errors
    self.age = age
  }
}

/// A count of samples that exist or were removed.
package struct SampleCount: Hashable, Sendable {
  package var mails = 0
  /// The size of the mails in octets, as they arrived.
  package var octets = 0
  /// The number of different errors. The same error in two sites counts twice.
  package var errors = 0
  /// The ids that match no error.
  package var unknown: [String] = []

  package init() {}
}
