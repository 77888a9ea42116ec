/// A silence with the error that it is about.
package struct SilenceRow: Hashable, Sendable {
  package var silence: Silence
  /// The error, or nil if the silence is about a rule or a pattern or if the error is gone.
  package var error: NamedError?

  package init(silence: Silence, error: NamedError?) {
    self.silence = silence
    self.error = error
  }

  /// A description of what the silence covers, for display.
  package var scope: String {
    switch silence.scope {
    case .error: error.map { "\($0.id) \($0.title)" } ?? "an error that is gone"
    case .named: "an error that this relay has not seen"
    case .rule(let name): "rule \(name), all sites"
    case .matching(let pattern): pattern.description + (pattern.site == nil ? ", all sites" : "")
    }
  }
}
