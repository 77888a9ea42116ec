/// Which of the mails that are kept as samples of errors.
package struct SampleSelection: Hashable, Sendable {
  package var errors: Errors
  /// Only those that are older; nil: whatever their age.
  package var age: Duration?

  package enum Errors: Hashable, Sendable {
    case all
    /// Whose ids begin with one of these, in the sites of that name; nil: in all. An empty id begins none, lest a slip
    /// means all.
    case ids([String], site: String? = nil)
  }

  package init(_ errors: Errors, age: Duration? = nil) {
    self.errors = errors
    self.age = age
  }
}

/// How many samples there are, or were.
package struct SampleCount: Hashable, Sendable {
  package var mails = 0
  /// Of the mails as they came.
  package var octets = 0
  /// Different errors, each site's for itself.
  package var errors = 0
  /// The ids that name no error.
  package var unknown: [String] = []

  package init() {}
}
