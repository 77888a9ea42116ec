package import Fingerprint
import MailMessage

extension Rule {
  /// The section as it is written in a file: `ConfigurationParser` reads it as this rule.
  package var configurationText: String { (["[rule \(name)]"] + configurationLines).joined(separator: "\n") + "\n" }

  /// The keys of the section, one line each.
  var configurationLines: [String] { matcherLines + actionLines }

  /// The keys that say which reports the rule is for, one line each.
  package var matcherLines: [String] {
    matchers.map { matcher in
      "\(matcher.field.rawValue) = " + matcher.patterns.map { ruleText($0.description) }.joined(separator: ", ")
    }
  }

  /// The keys that say what happens to those reports, one line each.
  package var actionLines: [String] {
    var lines = action == .dedup && (key != nil || window != nil) ? [] : ["action = \(action.rawValue)"]
    switch key {
    case .fingerprint(let parts): lines.append("fingerprint = " + parts.map(\.text).joined(separator: ", "))
    case .splitBy(let fields): lines.append("split-by = " + fields.map(\.rawValue).joined(separator: ", "))
    case nil: break
    }
    if let window {
      lines.append("window = " + WindowFormat.length.write(window))
    }
    return lines
  }
}

extension RuleKey.Part {
  fileprivate var text: String {
    switch self {
    case .field(let field): field.rawValue
    case .literal(let text): ruleText(text, quoted: true)
    }
  }
}
