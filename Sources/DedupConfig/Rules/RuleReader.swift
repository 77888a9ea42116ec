import DedupCore
import Fingerprint
import MailMessage

/// Reads one `[rule NAME]` section.
///
/// The reader never stops early: each problem of the section is reported at its position. A section with a problem
/// gives no rule; such a configuration is not run.
struct RuleReader {
  private let name: String
  private let heading: Located
  private var matchers: [RuleMatcher] = []
  private var action: RuleAction?
  private var key: RuleKey?
  private var window: Duration?
  /// The window settings of the rule other than the length.
  private(set) var overrides = WindowOverrides()
  /// The position of the first occurrence of each key.
  private var seen: [String: SourcePosition] = [:]
  private(set) var problems: [Diagnostic] = []
  /// The number of suggestions that may still be looked up; `ConfigurationBuilder` counts them for the whole file.
  private(set) var suggestionsLeft: Int

  init(_ section: INISection, suggestionsLeft: Int) {
    self.suggestionsLeft = suggestionsLeft
    heading = section.argument ?? section.name
    name = section.argument?.text ?? ""
    checkName(section)
    for entry in section.entries { read(entry) }
    checkConsistency()
  }

  /// The rule, or nil if the section has a problem.
  var rule: Rule? {
    guard problems.isEmpty else { return nil }
    return Rule(name: name, matchers: matchers, action: action ?? .dedup, key: key, window: window)
  }

  private mutating func report(_ position: SourcePosition, _ message: String) {
    problems.append(Diagnostic(position, message))
  }

  /// Checks the name of the rule, which appears in headers and logs (`reason=rule/NAME`).
  private mutating func checkName(_ section: INISection) {
    if name.isEmpty { return report(section.name.position, "a rule needs a name; write [rule NAME]") }
    let isName = name.unicodeScalars.allSatisfy {
      $0.isASCII
        && ($0.properties.isAlphabetic || $0.properties.numericType != nil || "-_.".unicodeScalars.contains($0))
    }
    if !isName || name.utf8.count > RuleSchema.longestName {
      report(
        heading.position,
        "\"\(excerpt(name))\" is no name for a rule; write at most \(RuleSchema.longestName) letters, digits, -, _ or ."
      )
    }
  }
}

extension RuleReader {
  private mutating func read(_ entry: INIEntry) {
    guard let known = RuleSchema.keys.first(where: { $0.name == entry.key.text }) else {
      return reportUnknown(entry.key)
    }
    if let first = seen[known.name] {
      return report(
        entry.key.position,
        "[rule \(name)] sets \(known.name) twice, first in line \(first.line); remove one of the two")
    }
    seen[known.name] = entry.value.position
    do throws(ValueProblem) {
      try set(known, to: entry.value.text)
    } catch {
      var position = entry.value.position
      position.column += error.offset
      report(position, "[rule \(name)] \(known.name): \(error.message(exampleOfKey: known.example))")
    }
  }

  private mutating func set(_ known: RuleKeyDescription, to text: String) throws(ValueProblem) {
    if let field = known.field {
      matchers.append(RuleMatcher(field, try patterns(text, field)))
      return
    }
    switch known.name {
    case "action":
      action = try ValueFormat<RuleAction>.choice.read(text)
    case "fingerprint":
      var parts: [RuleKey.Part] = []
      for item in try ruleItems(of: text) {
        parts.append(item.isQuoted ? .literal(item.text) : .field(try field(item)))
      }
      key = key ?? .fingerprint(parts)
    case "split-by":
      var fields: [RuleField] = []
      for item in try ruleItems(of: text) { fields.append(try field(item)) }
      key = key ?? .splitBy(fields)
    case "window": window = try WindowFormat.length.read(text)
    default: try OverrideKey.ofRules.first { $0.name == known.name }?.assign(text, to: &overrides)
    }
  }

  private func patterns(_ text: String, _ field: RuleField) throws(ValueProblem) -> [Glob] {
    let items = try ruleItems(of: text)
    guard items.count <= RuleSchema.mostPatterns else {
      throw ValueProblem(
        item: "", what: "has \(items.count) patterns", remedy: "write at most \(RuleSchema.mostPatterns)")
    }
    var globs: [Glob] = []
    for item in items {
      do throws(Glob.Fault) {
        globs.append(try Glob(item.text, ignoresCase: field.ignoresCase))
      } catch {
        throw ValueProblem(
          item: item.text, offset: item.offset, what: error.rawValue,
          remedy: "write *, ?, [a-z] or the text itself; [[] stands for a bracket")
      }
    }
    return globs
  }

  private mutating func field(_ item: RuleItem) throws(ValueProblem) -> RuleField {
    let names = RuleSchema.keyFields.map(\.rawValue)
    if let field = RuleField(rawValue: item.text), field.isKeyPart, !item.isQuoted { return field }
    if item.isQuoted || item.text == RuleField.subject.rawValue {
      throw ValueProblem(
        item: item.text, offset: item.offset,
        what: item.isQuoted ? "is no field" : "cannot be used, it carries the visitor's URL",
        remedy: "write one of " + names.joined(separator: ", "))
    }
    let guess = suggest(item.text, names).map { "did you mean \($0)? " } ?? ""
    throw ValueProblem(
      item: item.text, offset: item.offset, what: "is no field",
      remedy: guess + "write \"\(excerpt(item.text))\" in quotes for a word of your own, or one of "
        + names.joined(separator: ", "))
  }

  private mutating func suggest(_ word: String, _ candidates: [String]) -> String? {
    guard suggestionsLeft > 0 else { return nil }
    suggestionsLeft -= 1
    return nearest(to: word, among: candidates)
  }

  private mutating func reportUnknown(_ key: Located) {
    let names = RuleSchema.keys.map(\.name)
    let remedy = suggest(key.text, names).map { "did you mean \($0)?" } ?? "there are " + names.joined(separator: ", ")
    report(key.position, "unknown key \"\(excerpt(key.text))\" in [rule \(excerpt(name))]; \(remedy)")
  }
}

extension RuleReader {
  private mutating func checkConsistency() {
    if !RuleSchema.matchers.contains(where: { seen[$0.name] != nil }) {
      report(
        heading.position,
        "[rule \(name)] does not say which reports it is for; add one of "
          + RuleSchema.matchers.map(\.name).joined(separator: ", ") + ", e.g. type = OperationalError")
    }
    if !RuleSchema.actions.contains(where: { seen[$0.name] != nil }) {
      report(
        heading.position,
        "[rule \(name)] does nothing; add one of " + RuleSchema.actions.map(\.name).joined(separator: ", ")
          + ", e.g. action = summary-only")
    }
    if seen["fingerprint"] != nil, let position = seen["split-by"] {
      report(
        position, "[rule \(name)] split-by: fingerprint says all there is; add the fields there and remove split-by")
    }
    if let action, action != .dedup, let position = seen["window"] {
      let why = action == .pass ? "goes out" : "is held back"
      report(
        position,
        "[rule \(name)] window: with action = \(action.rawValue) each mail \(why), whatever the window; "
          + "remove one of the two")
    }
  }
}
