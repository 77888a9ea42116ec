/// What one version of the algorithm does differently from the one before it. A version is this value and nothing
/// else: there is one code for all of them, and what was released stays as it is, because fingerprints in stores were
/// made with it.
///
/// After an upgrade a mail has a fingerprint of the new version and those of the versions before. The store finds the
/// history under the old name and carries it on under the new one.
struct Algorithm: Sendable, Equatable {
  let version: AlgorithmVersion
  /// The code of a frame counts without its spacing and with one kind of quotes: after a formatter ran over the
  /// project, the same errors are still the same.
  var ignoresCodeStyle: Bool
  /// A family needs the place that raises it and its phrase where that place puts it; names that a visitor may have
  /// chosen are not in the key. Before, a phrase anywhere in the text was enough (`EarlierFamilyMatcher`).
  var asksForPlace: Bool
  /// What the site installed with pip is its own, by `Installed Applications`; a dispatcher is plumbing in every package;
  /// Windows paths read like others in every rule.
  var knowsDeployments: Bool
  /// Where a helper only passes on what it was given, its caller is in the key. So is what tells errors apart that no
  /// line of the site's own does: the view, the way into a loop of library code, the route that a template asks for.
  var asksForCaller: Bool
  /// Outages in all languages and of more engines.
  var knowsLanguages: Bool

  static let version1 = Algorithm(
    version: AlgorithmVersion(rawValue: 1), ignoresCodeStyle: false, asksForPlace: false, knowsDeployments: false,
    asksForCaller: false, knowsLanguages: false)
  static let version2 = version1.next { $0.ignoresCodeStyle = true }
  static let version3 = version2.next { $0.asksForPlace = true }
  static let version4 = version3.next {
    ($0.knowsDeployments, $0.asksForCaller, $0.knowsLanguages) = (true, true, true)
  }

  /// What names errors now.
  static let current = version4
  /// Versions that stores may still know errors by, the latest first.
  static let earlier = [version3, version2, version1]

  /// The version after this one.
  private func next(_ change: (inout Algorithm) -> Void) -> Algorithm {
    var next = Algorithm(
      version: AlgorithmVersion(rawValue: version.rawValue + 1), ignoresCodeStyle: ignoresCodeStyle,
      asksForPlace: asksForPlace, knowsDeployments: knowsDeployments, asksForCaller: asksForCaller,
      knowsLanguages: knowsLanguages)
    change(&next)
    return next
  }
}

/// The key that an earlier version makes.
struct EarlierKey: Sendable, Equatable {
  var version: AlgorithmVersion
  var bytes: [UInt8]
}

/// The keys that earlier versions make, worked out by whoever asks: only an error that nobody knows by its current name
/// is looked for under the others, and they cost as much as the current one.
struct EarlierKeys: Sendable {
  private let make: @Sendable () -> [EarlierKey]

  /// None: no history is claimed.
  init() { make = { [] } }

  init(_ make: @escaping @Sendable () -> [EarlierKey]) { self.make = make }

  /// The same key in all earlier versions.
  init(all bytes: [UInt8]) {
    make = { Algorithm.earlier.map { EarlierKey(version: $0.version, bytes: bytes) } }
  }

  /// The key of one version.
  init(of algorithm: Algorithm, _ bytes: [UInt8]) {
    make = { [EarlierKey(version: algorithm.version, bytes: bytes)] }
  }

  var all: [EarlierKey] { make() }

  /// The same of versions that no visitor could deceive: those since 3.
  var certain: EarlierKeys {
    EarlierKeys { [make] in make().filter { $0.version >= Algorithm.version3.version } }
  }

  /// The same with each key changed.
  func changed(_ change: @escaping @Sendable (EarlierKey) -> [UInt8]) -> EarlierKeys {
    EarlierKeys { [make] in make().map { EarlierKey(version: $0.version, bytes: change($0)) } }
  }
}
