import MailMessage

/// The reasons for a verdict, for `dedupctl fingerprint --explain` and for the stored fingerprint. Made by the same
/// analysis that gives the verdict.
package struct FingerprintExplanation: Sendable, Codable, Equatable {
  package enum Verdict: String, Sendable, Codable {
    case report, pass, doubt
  }

  /// One frame, with the place it was given.
  package struct Frame: Sendable, Codable, Equatable {
    package var module: String
    package var function: String
    package var source: String
    package var place: String
    /// The reason for its place.
    package var reason: String
    /// The part that it plays: `key`, `skipped: …` or nil.
    package var role: String?
    /// The number of times that it occurs in a row, from `[Previous line repeated …]`.
    package var count: Int
  }

  /// One exception of the chain. The first cause comes first.
  package struct Link: Sendable, Codable, Equatable {
    package var type: String
    package var text: String
    /// The relation to the exception before it: `direct cause`, `during handling`, or nil.
    package var origin: String?
    package var frames: [Frame]
    /// The number of frames that are not listed, in the middle of a very long traceback.
    var omittedFrames: Int
  }

  package var verdict: Verdict
  /// The reason why the mail is forwarded: a `PassReason` or `DoubtReason`. Nil for a report.
  package var reason: String?
  package var format: ReportFormat?
  package var level: String?
  package var subjectPrefix: String?
  package var settingsModule: String?
  package var title: String?
  package var place: String?
  package var chain: [Link] = []
  /// The logged message, for a mail without an exception.
  package var message: String?
  /// The replacements that normalisation made in the text, in order.
  package var replacements: [AppliedRule] = []
  package var rule: KeyRule?
  /// The name of the matching `[rule NAME]` of the configuration. `adminAction` is its action, e.g. `summary-only`.
  package var adminRule: String?
  package var adminAction: RuleAction?
  /// The fields that the rule's fingerprint needs and the mail does not have: the usual fingerprint stays. Nil if none
  /// is missing.
  package var missingFields: [String]?
  package var family: Family?
  /// The fields that are digested, one on each line of the key.
  package var key: [String] = []
  package var version: Int?
  package var fingerprint: String?
  package var variant: String?

  init(_ analysis: Analysis) {
    format = analysis.format
    level = analysis.screening?.subject.level
    subjectPrefix = analysis.screening?.subject.prefix
    switch analysis.outcome {
    case .pass(let reason): (verdict, self.reason) = (.pass, reason.rawValue)
    case .doubt(let doubt): (verdict, self.reason) = (.doubt, doubt.reason.rawValue)
    case .report(let key):
      verdict = .report
      read(ReportSummary(analysis, key).report, key)
    }
    for finding in analysis.findings { read(finding, in: analysis.text.span) }
    if let decision = analysis.decision { read(decision) }
    message = analysis.message.map { analysis.text.span.text($0) }
    replacements += analysis.messageRules
  }

  private mutating func read(_ report: FingerprintedReport, _ key: ErrorKey) {
    settingsModule = report.settingsModule
    title = report.title
    place = report.place
    rule = key.rule
    family = key.family?.family
    self.key = String(decoding: key.bytes, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    version = report.fingerprint.version.rawValue
    fingerprint = report.fingerprint.text
    variant = report.variant
  }

  private mutating func read(_ decision: RuleDecision) {
    adminRule = decision.rule.name
    adminAction = decision.rule.action
    missingFields = decision.missing.isEmpty ? nil : decision.missing.map(\.rawValue)
  }

  private mutating func read(_ finding: Finding, in text: borrowing Span<UInt8>) {
    replacements += finding.applied
    for link in finding.traceback.links {
      let all = Array(link.frames)
      let shown = all.count <= 80 ? all : Array(all.prefix(20) + all.suffix(60))
      var frames: [Frame] = []
      for index in shown { frames.append(Frame(text, finding, index)) }
      chain.append(
        Link(
          type: text.text(link.type),
          text: text.text(link.text.lowerBound..<min(link.text.upperBound, link.text.lowerBound + 1000)),
          origin: link.origin == .directCause ? "direct cause" : link.origin == .context ? "during handling" : nil,
          frames: frames, omittedFrames: all.count - shown.count))
    }
  }
}

extension FingerprintExplanation.Frame {
  init(_ text: borrowing Span<UInt8>, _ finding: Finding, _ index: Int) {
    let frame = finding.traceback.frames[index]
    let placed = finding.placed[index]
    module = text.text(placed.module)
    function = text.text(frame.function)
    source = text.text(frame.source)
    place = placed.place.rawValue
    reason = placed.reason.rawValue
    count = frame.count
    if finding.key.frame == index {
      role = "key"
    } else if placed.isPlumbing {
      role = "skipped: every request goes through it"
    }
  }
}

// MARK: - Text

extension FingerprintExplanation {
  /// The explanation as text that an admin can read in the middle of the night.
  package var text: String {
    var lines = [headline]
    func add(_ name: String, _ value: String?) {
      if let value, !value.isEmpty { lines.append(name.padded(to: 14) + value) }
    }
    add("recognised", format?.rawValue)
    add("error", title)
    add("where", place)
    add("site", settingsModule)
    add("prefix", subjectPrefix)
    add("level", level)
    for (number, link) in chain.enumerated() { lines += Self.lines(link, number: number, of: chain.count) }
    if !replacements.isEmpty {
      lines += ["", "Taken out of the text:"]
      for replacement in replacements.prefix(40) {
        lines.append("  " + replacement.rule.rawValue.padded(to: 16) + Self.oneLine(replacement.replaced, 90))
      }
    }
    guard verdict == .report else { return lines.joined(separator: "\n") + "\n" }
    lines += ["", "Decided by:   " + decider]
    if let adminRule { lines.append("Rule:         [rule \(adminRule)] of the configuration\(ruleNote)") }
    lines.append("Key (version \(version ?? 0)):")
    lines += key.map { "  " + Self.oneLine($0, 200) }
    add("Fingerprint", fingerprint)
    add("Variant", variant)
    return lines.joined(separator: "\n") + "\n"
  }

  private var headline: String {
    switch verdict {
    case .report:
      switch adminAction ?? .dedup {
      case .dedup: "An error report: the first of a window is forwarded, the rest is counted."
      case .pass: "An error report that a rule lets pass: each one is forwarded."
      case .silence: "An error report that a rule silences: it is counted and not forwarded."
      case .summaryOnly: "An error report that a rule keeps for the summary: it is counted and not forwarded."
      }
    case .pass: "No error report (\(reason ?? "")): forwarded untouched."
    case .doubt: "In doubt (\(reason ?? "")): forwarded untouched."
    }
  }

  private var decider: String {
    if rule == .admin { return "rule \(adminRule ?? "") of the configuration" }
    return family.map { "family \($0.rawValue), \($0.title)" } ?? "rule \(rule?.rawValue ?? "")"
  }

  private var ruleNote: String {
    guard let missingFields else { return "" }
    return "; its fingerprint needs \(missingFields.joined(separator: ", ")), which this mail does not say"
  }

  private static func lines(_ link: Link, number: Int, of count: Int) -> [String] {
    var lines = [""]
    if let origin = link.origin {
      lines.append(origin == "direct cause" ? "which was the direct cause of" : "during whose handling came")
    }
    let type = link.type.isEmpty ? "(type not printed)" : link.type
    lines.append("\(number + 1) of \(count): \(type): \(oneLine(link.text, 160))")
    for frame in link.frames {
      let mark = frame.role == "key" ? ">" : " "
      let times = frame.count > 1 ? "  (\(frame.count) times)" : ""
      lines.append("  \(mark) \(frame.place.padded(to: 12))\(frame.module) in \(frame.function)\(times)")
      if frame.role == "key" { lines.append("      " + oneLine(frame.source, 120)) }
      if frame.role == "key" || frame.place == "application" {
        lines.append(
          "      "
            + [frame.reason, frame.role == "key" ? "this frame is the key" : frame.role]
            .compactMap { $0 }.joined(separator: "; "))
      }
    }
    if link.omittedFrames > 0 { lines.append("    … and \(link.omittedFrames) frames between") }
    return lines
  }

  /// Returns the start of a text on one line. Control characters become blanks: the text comes from a mail and goes to
  /// a terminal.
  private static func oneLine(_ text: String, _ limit: Int) -> String {
    var output = ""
    for scalar in text.unicodeScalars.prefix(limit) {
      output.unicodeScalars.append(scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? " " : scalar)
    }
    return output
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(1, width - count))
  }
}
