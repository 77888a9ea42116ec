/// What judging one mail found, in the words of the store: an error with its fingerprint, or a reason to leave the
/// mail alone.
package enum Judged: Hashable, Sendable {
  /// Ordinary mail.
  case pass(reason: String)
  /// It may be an error report, but there is a doubt; promise 2 forwards it.
  case doubt(reason: String)
  /// An error report with a fingerprint.
  case report(Occurrence)
}

/// One arrival of an error.
package struct Occurrence: Hashable, Sendable {
  package var site: Site
  /// `version:digest`, the key of the window together with the site.
  package var fingerprint: String
  /// The second key: other code paths or texts of the same error.
  package var variant: String
  /// One line that names the error, e.g. `OperationalError: sorry, too many clients already`.
  package var title: String
  /// Where it happened, or what is out of order, e.g. `shop/pricing.py in bulk_price`.
  package var place: String

  package init(site: Site, fingerprint: String, variant: String, title: String, place: String) {
    self.site = site
    self.fingerprint = fingerprint
    self.variant = variant
    self.title = title
    self.place = place
  }
}
