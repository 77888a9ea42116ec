/// A proposal to make one site of several that differ by numbers in prefix or sender only, as if those were the machine's.
///
/// It is never carried out by itself: a number may as well tell apart two customers.
package struct SiteSuggestion: Hashable, Sendable {
  /// The name for the section: the name that all of them have, or the part that their names have in common.
  package let name: String
  /// The patterns for `match`.
  package let patterns: [String]
  /// The prefixes and senders that differ, in order.
  package let seen: [String]

  /// The lines for the configuration.
  package var lines: [String] { ["[site \(name)]", "match = " + patterns.joined(separator: ", ")] }

  /// A site as it was seen.
  package struct Seen: Hashable, Sendable {
    var name: String
    var prefix: String
    var sender: String

    package init(name: String, prefix: String, sender: String) {
      (self.name, self.prefix, self.sender) = (name, prefix, sender)
    }
  }

  /// The largest number of sites that are compared.
  private static let most = 1000

  /// Returns the proposals for some sites, by name.
  ///
  /// - Parameter naming: what the admin joined already. Errors of before are still known by their old sites.
  package static func all(for sites: some Sequence<Seen>, besides naming: SiteNaming) -> [SiteSuggestion] {
    var groups: [Seen: Set<Seen>] = [:]
    for site in sites.prefix(most) {
      let isModule = site.name != site.prefix && site.name != site.sender
      let module = isModule ? site.name : ""
      if naming.match(settingsModule: module, subjectPrefix: site.prefix, sender: site.sender) != nil { continue }
      let shape = Seen(
        name: isModule ? site.name : shape(site.name), prefix: shape(site.prefix), sender: shape(site.sender))
      groups[shape, default: []].insert(site)
    }
    var found: [String: (patterns: Set<String>, seen: Set<String>)] = [:]
    for (shape, members) in groups where members.count > 1 {
      let name = shape.name.contains("*") ? common(shape.name) : shape.name
      for (pattern, part) in [(shape.prefix, \Seen.prefix), (shape.sender, \Seen.sender)] {
        let texts = Set(members.map { $0[keyPath: part] })
        // In a list a comma would end the pattern.
        guard texts.count > 1, !name.isEmpty, !pattern.contains(",") else { continue }
        found[name, default: ([], [])].patterns.insert(pattern)
        found[name, default: ([], [])].seen.formUnion(texts)
      }
    }
    return found.sorted { $0.key < $1.key }.map {
      SiteSuggestion(name: $0, patterns: $1.patterns.sorted(), seen: $1.seen.sorted())
    }
  }

  /// Returns a text with a star for each of its numbers.
  private static func shape(_ text: String) -> String {
    var shape = ""
    for character in text {
      let isDigit = character.isASCII && character.isNumber
      if isDigit, shape.last == "*" { continue }
      shape.append(isDigit ? "*" : character)
    }
    return shape
  }

  /// Returns what is left of the shape of a prefix or sender as a name: `web` of `[web*]`, `web.example.org` of
  /// `root@web*.example.org`.
  private static func common(_ shape: String) -> String {
    let host = shape.split(separator: "@", maxSplits: 1).last.map(String.init) ?? shape
    return host.filter { !"*[] ".contains($0) }
  }
}
