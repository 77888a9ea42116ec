package import DedupCore
package import MailMessage

extension Configuration {
  /// `[route NAME]`: mail that is delivered differently from what `[delivery]` says.
  package struct Route: Hashable, Sendable {
    package var name: String
    package var selector = RouteSelector()
    /// The smarthosts of the route. Nil here and in the settings below: as in `[delivery]`.
    package var smarthosts: [Smarthost]?
    package var tls: TLSChoice?
    package var caFile: String?
    package var verifiesCertificates: Bool?
    package var username: String?
    package var passwordFile: String?
    package var tokenFile: String?
    package var tokenCommand: String?
    package var rate: DeliveryRate?
    package var daily: Int?
    /// The address that replaces all envelope senders on this route.
    package var sender: EmailAddress?

    package init(name: String) { self.name = name }
  }

  /// Returns the delivery settings of a route. A route with its own smarthost uses only its own login: a password is
  /// meant for the hosts it was given for.
  package func delivery(on route: Route) -> Delivery {
    var result = delivery
    if let smarthosts = route.smarthosts {
      (result.smarthosts, result.tls, result.discards) = (smarthosts, .auto, delivery.discards)
      result.limits = DeliveryLimits()
    }
    if route.smarthosts != nil || route.username != nil {
      (result.username, result.passwordFile, result.tokenFile, result.tokenCommand) = (
        route.username, route.passwordFile, route.tokenFile, route.tokenCommand
      )
    }
    if let tls = route.tls { result.tls = tls }
    if let caFile = route.caFile { result.caFile = caFile }
    if let verifies = route.verifiesCertificates { result.verifiesCertificates = verifies }
    if let rate = route.rate { result.limits.rate = rate }
    if let daily = route.daily { result.limits.daily = daily }
    if let sender = route.sender { (result.senderRewrite, result.rewrittenSenders) = (sender, Self.anybody) }
    return result
  }

  private static let anybody = [try? Glob("*")].compactMap { $0 }
}

extension Configuration.Delivery {
  package var rewrite: SenderRewrite? {
    senderRewrite.map { SenderRewrite(address: $0, senders: rewrittenSenders) }
  }
}

/// One key of `[route NAME]`.
package struct RouteKey: Sendable {
  let name: String
  let explanation: String
  let example: String
  private let read: @Sendable (String, inout Configuration.Route) throws(ValueProblem) -> Void
  private let write: @Sendable (Configuration.Route) -> String?

  init<Value: Sendable>(
    _ name: String, _ field: any WritableKeyPath<Configuration.Route, Value?> & Sendable, _ format: ValueFormat<Value>,
    example: String, _ explanation: String
  ) {
    self.name = name
    self.example = example
    self.explanation = explanation
    read = { (text, route) throws(ValueProblem) in route[keyPath: field] = try format.read(text) }
    write = { $0[keyPath: field].map(format.write) }
  }

  /// Creates a key for a list that may not be empty in the file; the field is empty if the key is absent.
  init<Item: Sendable>(
    _ name: String, list field: any WritableKeyPath<Configuration.Route, [Item]> & Sendable,
    _ format: ValueFormat<[Item]>, example: String, _ explanation: String
  ) {
    self.name = name
    self.example = example
    self.explanation = explanation
    read = { (text, route) throws(ValueProblem) in route[keyPath: field] = try format.read(text) }
    write = { $0[keyPath: field].isEmpty ? nil : format.write($0[keyPath: field]) }
  }

  func assign(_ text: String, to route: inout Configuration.Route) throws(ValueProblem) { try read(text, &route) }

  /// Returns `key = value`, or nil if the route does not set the key.
  func line(of route: Configuration.Route) -> String? { write(route).map { "\(name) = \($0)" } }

  static let matchers = [
    RouteKey(
      "recipient", list: \.selector.recipients, .list(.addressOrDomain, of: "domains or addresses"),
      example: "example.org, *.example.org", "The recipient is one of these; * and ? are wildcards."),
    RouteKey(
      "sender", list: \.selector.senders, .list(.addressOrDomain, of: "domains or addresses"),
      example: "shop.example", "The envelope sender is one of these."),
    RouteKey(
      "kind", list: \.selector.kinds, .list(.choice, of: "reports, ordinary or own"), example: "reports",
      """
      What kind of mail it is. reports: mail about errors. ordinary: mail of the site. own: summaries, bounces and \
      alerts of the relay.
      """),
  ]

  static let settings = [
    RouteKey(
      "smarthost", \.smarthosts, .list(.smarthost, of: "host:port"), example: "smtp.example.net:587",
      "Where it goes, as in [delivery]; with it come a login, tls, rate and daily of its own, or none."),
    RouteKey("tls", \.tls, .choice, example: "require", "As in [delivery]."),
    RouteKey("ca-file", \.caFile, .path(), example: "/etc/ssl/our-authority.pem", "As in [delivery]."),
    RouteKey("verify-certificate", \.verifiesCertificates, .boolean, example: "no", "As in [delivery]."),
    RouteKey(
      "username", \.username, .text, example: "errors@example.org",
      "Another user name; one of the next three gives its secret."),
    RouteKey("password-file", \.passwordFile, .path(), example: "/etc/maildedup/errors.password", "As in [delivery]."),
    RouteKey("oauth-token-file", \.tokenFile, .path(), example: "/run/oauth/token", "As in [delivery]."),
    RouteKey("oauth-token-command", \.tokenCommand, .text, example: "/usr/local/bin/mail-token", "As in [delivery]."),
    RouteKey(
      "rate", \.rate, .rate, example: "10/min",
      "As in [delivery]; the mail of all routes to one smarthost counts together."),
    RouteKey("daily", \.daily, .count(1...100_000_000), example: "500", "As in [delivery]."),
    RouteKey(
      "envelope-sender", \.sender, .rewriteAddress, example: "errors@example.org",
      "Replaces every envelope sender but the empty one; see sender-rewrite in [delivery]."),
  ]

  package static let all = matchers + settings
}

/// Reads one `[route NAME]` section. Each problem is reported at its position.
struct RouteReader {
  /// The heading of the section in messages and in the reference.
  static let heading = "[route NAME]"
  static let explanation = """
    Mail that goes another way than [delivery] says. Of several routes the first one that matches takes a recipient; a \
    mail to recipients of several routes is split. What a route does not say is as in [delivery]. NAME is what dedupctl \
    status shows. A section looks like this:
    """
  static let example = [
    "[route errors]", "kind = reports", "smarthost = smtp.example.net:587", "username = errors@example.org",
    "password-file = /etc/maildedup/errors.password", "envelope-sender = errors@example.org",
  ]
  static let matching = "Which mail: at least one of these; all that are given must match."
  static let acting = "Where it goes: at least one of these."
  static let mostRoutes = 100

  private(set) var route: Configuration.Route
  private(set) var problems: [Diagnostic] = []
  private(set) var positions: [String: SourcePosition] = [:]
  let position: SourcePosition

  init(_ section: INISection) {
    route = Configuration.Route(name: section.argument?.text ?? "")
    position = section.name.position
    if route.name.isEmpty { report(section.name, "a route needs its name; write \(Self.heading)") }
    for entry in section.entries { read(entry) }
    guard problems.isEmpty else { return }
    if !RouteKey.matchers.contains(where: { positions[$0.name] != nil }) {
      report(section.name, "it does not say which mail; add recipient, sender or kind")
    }
    if !RouteKey.settings.contains(where: { positions[$0.name] != nil }) {
      report(
        section.name, "it says nothing of where mail goes; add smarthost, username or envelope-sender, or remove it")
    }
    checkLogin()
  }

  private mutating func read(_ entry: INIEntry) {
    guard let key = RouteKey.all.first(where: { $0.name == entry.key.text }) else {
      let names = RouteKey.all.map(\.name)
      let guess = nearest(to: entry.key.text, among: names).map { "did you mean \($0)?" }
      return report(
        entry.key,
        "unknown key \"\(excerpt(entry.key.text))\"; \(guess ?? "there are " + names.joined(separator: ", "))")
    }
    if let first = positions[key.name] {
      return report(entry.key, "sets \(key.name) twice, first in line \(first.line); remove one of the two")
    }
    positions[key.name] = entry.key.position
    do throws(ValueProblem) {
      if entry.value.text.isEmpty {
        throw ValueProblem(item: "", what: "is empty", remedy: "write a value or remove the line", example: .ofTheKey)
      }
      try key.assign(entry.value.text, to: &route)
    } catch {
      var position = entry.value.position
      position.column += error.offset
      report(position, "\(key.name): \(error.message(exampleOfKey: key.example))")
    }
  }

  private mutating func checkLogin() {
    let proofs = ["password-file", "oauth-token-file", "oauth-token-command"].filter { positions[$0] != nil }
    if route.username == nil {
      for key in proofs { report(positions[key], "\(key): there is no username to log in with; set username as well") }
    } else if proofs.isEmpty {
      report(
        positions["username"],
        "username: a login needs a secret; set password-file, oauth-token-file or oauth-token-command as well")
    }
    for key in proofs.dropFirst() { report(positions[key], "\(key): \(proofs[0]) is set too; remove one of the two") }
  }

  private mutating func report(_ what: Located, _ message: String) { report(what.position, message) }

  private mutating func report(_ place: SourcePosition?, _ message: String) {
    problems.append(Diagnostic(place ?? position, "[route \(excerpt(route.name))] \(message)"))
  }

  /// Returns the section as it is written in a file.
  static func text(of route: Configuration.Route) -> String {
    (["[route \(route.name)]"] + RouteKey.all.compactMap { $0.line(of: route) }).joined(separator: "\n") + "\n"
  }
}
