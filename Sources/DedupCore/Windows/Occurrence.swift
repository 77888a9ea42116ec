/// What judging one mail found, in the words of the store: an error with its fingerprint, or a reason to leave the
/// mail alone.
package enum Judged: Hashable, Sendable {
  /// Ordinary mail.
  case pass(reason: String)
  /// It may be an error report, but there is a doubt; promise 2 forwards it.
  case doubt(DoubtfulReport)
  /// An error report with a fingerprint.
  case report(Occurrence)
}

/// A mail that may be an error report, with what is certain about it all the same. Doubts of one envelope that agree in all
/// of it share a bound.
package struct DoubtfulReport: Hashable, Sendable {
  /// The word of the recogniser.
  package var reason: String
  /// The type of the exception; nil: not certain.
  package var type: String?
  /// Where it was raised; nil: not certain.
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
  /// `version:digest`, the key of the window together with the site.
  package var fingerprint: String
  /// What earlier versions of the recogniser call the same error, the latest first. History that is known under such
  /// a name is carried on under `fingerprint`.
  package var previous: LateNames
  /// The second key: other code paths or texts of the same error.
  package var variant: String
  /// What a person reads of the variant.
  package var traits: LateVariantTraits
  /// One line that names the error, e.g. `OperationalError: sorry, too many clients already`.
  package var title: String
  /// Where it happened, or what is out of order, e.g. `shop/pricing.py in bulk_price`.
  package var place: String
  /// Equal for errors of one type at one place, which may differ in names and texts only; empty: not known. New ones of a
  /// kind are bounded (`StormCap.mostOfAKind`).
  package var kind: String
  /// The packages that the report lists as the site's own (`SitePackages`); empty where it has no list.
  package var packages: LateNames
  /// What a rule of the admin says; nil without one.
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

/// Names that are worked out when somebody asks, which few mails give a reason for: only an error that is not known by its
/// current name is looked for under earlier ones.
package struct LateNames: Hashable, Sendable, ExpressibleByArrayLiteral {
  private let make: @Sendable () -> [String]

  /// - Parameter make: called for each look at `all`.
  package init(_ make: @escaping @Sendable () -> [String]) { self.make = make }

  package init(arrayLiteral names: String...) { make = { names } }

  package var all: [String] { make() }

  package static func == (left: LateNames, right: LateNames) -> Bool { left.all == right.all }

  package func hash(into hasher: inout Hasher) { hasher.combine(all) }
}

/// What a rule of the admin says about one mail.
package struct RuleEffect: Hashable, Sendable, Codable {
  /// The name of the rule.
  package var name: String
  package var treatment: Treatment
  /// How long the same error is held back; nil: as long as all others.
  package var window: Duration?

  package enum Treatment: String, Hashable, Sendable, Codable, CaseIterable {
    /// As without a rule.
    case dedup
    /// Each mail goes out.
    case pass
    /// None goes out; they are counted, and the summary does not list them.
    case silence
    /// None goes out; they are counted and listed in the summary.
    case summaryOnly = "summary-only"
  }

  package init(name: String, treatment: Treatment = .dedup, window: Duration? = nil) {
    self.name = name
    self.treatment = treatment
    self.window = window
  }
}
