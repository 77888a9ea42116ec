package import DedupCore

/// Settings with which past mail is replayed.
package struct ReplaySetting: Sendable {
  /// The name in the report: what differs in this setting, or the file that it comes from.
  package let name: String
  package let policy: WindowPolicy
  package let judge: MailJudge

  package init(name: String, _ configuration: Configuration) {
    self.name = name
    policy = configuration.window
    judge = configuration.judge
  }

  /// Creates a setting that changes some keys of `[window]` in `base`; what sites and rules override stays.
  ///
  ///     length=4h, milestones=10 100 1000
  ///
  /// Keys and values are those of the file. The items of a list may be written without commas.
  package init(_ text: String, over base: Configuration) throws(ReplaySettingProblem) {
    var overrides = WindowOverrides()
    var seen: Set<String> = []
    for (name, value) in try Self.pairs(text) {
      guard let key = OverrideKey.ofSites.first(where: { $0.name == name }) else { throw .unknown(name) }
      guard seen.insert(name).inserted else {
        throw ReplaySettingProblem(description: "\(name) is set twice; remove one of the two")
      }
      try Self.assign(value, to: key, &overrides)
    }
    name = OverrideKey.ofSites.compactMap { $0.line(of: overrides) }.joined(separator: "; ")
    var policy = base.window
    policy.settings = overrides.applied(to: policy.settings)
    self.policy = policy
    judge = base.judge
  }

  /// Splits `text` at commas. A piece with a `=` begins the next key; any other is a further item of a list.
  private static func pairs(_ text: String) throws(ReplaySettingProblem) -> [(name: String, value: String)] {
    var pairs: [(name: String, value: String)] = []
    for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
      if let equals = piece.firstIndex(of: "=") {
        pairs.append((trimmed(piece[..<equals]), trimmed(piece[piece.index(after: equals)...])))
      } else if let last = pairs.indices.last {
        pairs[last].value += ", " + trimmed(piece)
      } else {
        let example = "length=4h, milestones=10 100 1000"
        throw ReplaySettingProblem(
          description: "\"\(excerpt(text))\" is not a setting; write KEY=VALUE, e.g. \(example)")
      }
    }
    return pairs
  }

  private static func assign(
    _ value: String, to key: OverrideKey, _ overrides: inout WindowOverrides
  ) throws(ReplaySettingProblem) {
    do throws(ValueProblem) {
      do throws(ValueProblem) {
        try key.assign(value, to: &overrides)
      } catch {
        // Read it as a list without commas; if it is none, the first error says more.
        let items = value.split { $0 == " " || $0 == "," }
        let list = items.joined(separator: ", ")
        guard items.count > 1, (try? key.assign(list, to: &overrides)) != nil else { throw error }
      }
    } catch {
      throw ReplaySettingProblem(description: "\(key.name): \(error.message(exampleOfKey: key.example))")
    }
  }

  private static func trimmed(_ text: Substring) -> String {
    String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}

/// The reason why a setting cannot be read, with the remedy.
package struct ReplaySettingProblem: Error, Hashable, CustomStringConvertible {
  package var description: String

  fileprivate static func unknown(_ name: String) -> ReplaySettingProblem {
    let names = OverrideKey.ofSites.map(\.name)
    let guess = nearest(to: name, among: names).map { "did you mean \($0)?" }
    let remedy = guess ?? "there are \(names.joined(separator: ", "))"
    return ReplaySettingProblem(description: "unknown key \"\(excerpt(name))\"; \(remedy)")
  }
}
