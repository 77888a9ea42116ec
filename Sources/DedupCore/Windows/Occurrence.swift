/// The result of judging one mail, in terms of the store: an error with its fingerprint, or a reason to leave the mail
/// alone.
package enum Judged: Hashable, Sendable {
  /// Ordinary mail.
  case pass(reason: String)
  /// A mail that may be an error report. Because of the doubt it is forwarded (promise 2).
  case doubt(DoubtfulReport)
  /// An error report with a fingerprint.
  case report(Occurrence)

  /// The error that the mail reports, or nil if it is no report for certain.
  package var occurrence: Occurrence? { if case .report(let occurrence) = self { occurrence } else { nil } }
}

/// A mail that may be an error report, with the facts that are certain despite the doubt. Doubtful reports of one
/// envelope that agree in all of these share one limit.
package struct DoubtfulReport: Hashable, Sendable {
  /// The reason for the doubt, in the recogniser's word.
  package var reason: String
  /// The type of the exception, or nil if it is not certain.
  package var type: String?
  /// The place where the exception was raised, or nil if it is not certain.
  package var place: String?

  package init(reason: String, type: String? = nil, place: String? = nil) {
    self.reason = reason
    self.type = type
    self.place = place
  }
}

/// One arrival of an error.
package struct Occurrence: Hashable, Sendable {
  package var site: Site
  /// The fingerprint, `version:digest`. Together with the site it is the key of the window.
  package var fingerprint: String
  /// The names that earlier versions of the recogniser gave to the same error, the latest first. History recorded under
  /// such a name is continued under `fingerprint`.
  package var previous: LateNames
  /// The second key, which tells apart code paths and texts of the same error.
  package var variant: String
  /// The readable description of the variant.
  package var traits: LateVariantTraits
  /// One line that names the error, e.g. `OperationalError: sorry, too many clients already`.
  package var title: String
  /// The place of the error, or the thing that is out of order, e.g. `shop/pricing.py in bulk_price`.
  package var place: String
  /// The kind of the error, equal for errors of one type at one place, which may differ in names and texts only. Empty
  /// if not known. The number of new errors of a kind is limited (`StormCap.mostOfAKind`).
  package var kind: String
  /// The packages that the report lists as the site's own (`SitePackages`). Empty if the report has no list.
  package var packages: LateNames
  /// The effect of the admin's rule that matches the mail, or nil if none does.
  package var rule: RuleEffect?

  package init(
    site: Site, fingerprint: String, previous: LateNames = [], variant: String,
    traits: LateVariantTraits = LateVariantTraits { VariantTraits() }, title: String, place: String, kind: String = "",
    packages: LateNames = [], rule: RuleEffect? = nil
  ) {
    self.site = site
    self.fingerprint = fingerprint
    self.previous = previous
    self.variant = variant
    self.traits = traits
    self.title = title
    self.place = place
    self.kind = kind
    self.packages = packages
    self.rule = rule
  }
}

/// Names that are computed on demand, which few mails require: earlier names are looked up only for an error that is
/// not known by its current name.
package struct LateNames: Hashable, Sendable, ExpressibleByArrayLiteral {
  private let make: @Sendable () -> [String]

  /// Creates the names from a closure.
  ///
  /// - Parameter make: called on each access to `all`.
  package init(_ make: @escaping @Sendable () -> [String]) { self.make = make }

  package init(arrayLiteral names: String...) { make = { names } }

  package var all: [String] { make() }

  package static func == (left: LateNames, right: LateNames) -> Bool { left.all == right.all }

  package func hash(into hasher: inout Hasher) { hasher.combine(all) }
}

/// The effect of an admin's rule on one mail.
package struct RuleEffect: Hashable, Sendable, Codable {
  /// The name of the rule.
  package var name: String
  package var treatment: Treatment
  /// The time for which the same error is held back, or nil to use the usual window.
  package var window: Duration?

  package enum Treatment: String, Hashable, Sendable, Codable, CaseIterable {
    /// The mail is treated as if there were no rule.
    case dedup
    /// Each mail is forwarded.
    case pass
    /// No mail is forwarded. Mails are counted, but the summary does not list them.
    case silence
    /// No mail is forwarded. Mails are counted and listed in the summary.
    case summaryOnly = "summary-only"
  }

  package init(name: String, treatment: Treatment = .dedup, window: Duration? = nil) {
    self.name = name
    self.treatment = treatment
    self.window = window
  }
}
