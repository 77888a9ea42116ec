/// A word of an admin of one relay of a fleet, as it holds on all of them.
///
/// Each relay keeps the records in its store. Of two with one name the later version holds, whatever the clocks say: a
/// relay that changes a record counts its version on, and of two that did so at the same time, apart from each other,
/// the writer with the larger id wins.
package struct FleetRecord: Hashable, Sendable {
  /// The name that tells it from all others of the fleet: what it is, a slash, and what it is about.
  package var name: String
  package var version: Version
  package var body: Body

  package init(name: String, version: Version, body: Body) {
    (self.name, self.version, self.body) = (name, version, body)
  }

  /// The place of a record in its history.
  package struct Version: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var number: Int64
    /// The random id of the store that wrote it.
    package var writer: String

    package init(number: Int64, writer: String) { (self.number, self.writer) = (number, writer) }

    package static func < (one: Version, other: Version) -> Bool {
      one.number == other.number
        ? one.writer.utf8.lexicographicallyPrecedes(other.writer.utf8) : one.number < other.number
    }

    package var description: String { "\(number).\(writer)" }
  }

  package enum Body: Hashable, Sendable, Codable {
    /// A silence. Its id, its counts and the row of its error are each relay's own.
    case silence(Silence)
    /// The next mail of an error is wanted.
    case pass(Request)
    /// An error is resolved, so that its next mail is a regression.
    case resolve(Request)
    case grouping(Grouping)

    /// True if the record still asks for something; one that does not is kept so that it is not undone.
    package var isOpen: Bool {
      switch self {
      case .silence(let silence): silence.ended == nil
      case .pass(let request), .resolve(let request): request.isOpen
      case .grouping(let grouping): grouping.into != nil || grouping.isSplit
      }
    }

    /// The error that the record is about; nil for a silence by a rule or patterns.
    package var error: FleetErrorName? {
      switch self {
      case .silence(let silence): if case .named(let error) = silence.scope { error } else { nil }
      case .pass(let request), .resolve(let request): request.error
      case .grouping(let grouping): grouping.error
      }
    }

    /// The mark of a request: the version of the record that asked, also when it was answered since. Nil for others.
    package func mark(at version: Version) -> String? {
      switch self {
      case .pass(let request), .resolve(let request): request.answers ?? version.description
      case .silence, .grouping: nil
      }
    }

    /// Returns the body with its times moved to another clock.
    package func moved(by offset: Duration) -> Body {
      guard case .silence(let silence) = self else { return self }
      return .silence(silence.moved(by: offset))
    }
  }

  /// A request that one mail of the fleet answers.
  package struct Request: Hashable, Sendable, Codable {
    package var error: FleetErrorName
    /// The version that asked, once a mail answered it; nil while it is open.
    package var answers: String?

    package init(error: FleetErrorName, answers: String? = nil) { (self.error, self.answers) = (error, answers) }

    package var isOpen: Bool { answers == nil }
  }

  /// The way in which the mails of an error are counted; without `into` and not split: by themselves again.
  package struct Grouping: Hashable, Sendable, Codable {
    package var error: FleetErrorName
    /// The error of the same site that its mails count for; nil: none.
    package var into: FleetErrorName?
    /// True if each variant is an error of its own.
    package var isSplit: Bool

    package init(error: FleetErrorName, into: FleetErrorName? = nil, isSplit: Bool = false) {
      (self.error, self.into, self.isSplit) = (error, into, isSplit)
    }
  }

  package static func silence(_ uid: String) -> String { "silence/\(uid)" }
  package static func pass(_ error: String) -> String { "pass/\(error)" }
  package static func resolve(_ error: String) -> String { "resolve/\(error)" }
  package static func grouping(_ error: String) -> String { "grouping/\(error)" }
}
