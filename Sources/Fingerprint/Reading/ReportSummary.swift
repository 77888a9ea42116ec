import MailMessage

/// Derives the few texts of a report that people see: title, place, site.
struct ReportSummary {
  private let analysis: Analysis
  private let key: ErrorKey

  init(_ analysis: Analysis, _ key: ErrorKey) {
    self.analysis = analysis
    self.key = key
  }

  var report: FingerprintedReport {
    let screening = analysis.screening
    return FingerprintedReport(
      fingerprint: Fingerprint(version: .current, key: key.bytes),
      previous: { [earlier = analysis.earlier] in
        earlier.all.map { Fingerprint(version: $0.version, key: $0.bytes) }
      },
      variant: Digest.hex(of: key.variant, bytes: 8), traits: { traits },
      title: title, place: place, kind: Self.hash(of: kind), packages: { packages },
      settingsModule: analysis.report?.settingsModule.map { bounded(text($0), to: 200) } ?? screening?.settingsModule,
      subjectPrefix: prefix, level: screening?.subject.level, ruling: analysis.decision?.ruling)
  }

  /// The prefix, which tells sites apart that share an envelope. In a Subject that is not `AdminEmailHandler`'s a
  /// visitor's words may stand before the level, so there only text that can be a prefix as a whole counts.
  private var prefix: String? {
    guard let subject = analysis.screening?.subject, analysis.report == nil, !subject.isOfHandler else {
      return analysis.screening?.subject.prefix
    }
    return subject.plainPrefix
  }

  var title: String {
    if let message = analysis.message { return bounded(text(message), to: 200) }
    guard let link = reported else { return "" }
    let type = text(ExceptionType.lastName(analysis.text.span, link.type))
    let line = firstLine(of: link)
    return bounded(line.isEmpty ? type : type + ": " + line, to: 200)
  }

  /// The traits of the variant, for people to read.
  var traits: FingerprintedReport.VariantTraits {
    let facts = ReportFacts(analysis)
    var traits = FingerprintedReport.VariantTraits()
    traits.text = bounded(analysis.message.map(text) ?? reported.map(firstLine) ?? "", to: 200)
    traits.innermost = bounded(String(decoding: facts.innermostPlace, as: UTF8.self), to: 200)
    traits.caller = bounded(String(decoding: facts.callersPlace, as: UTF8.self), to: 200)
    return traits
  }

  /// The site's own packages that the report lists.
  private var packages: [String] {
    let span = analysis.text.span
    return analysis.report.map { InstalledApplications.own(span, $0).map { span.text($0) } } ?? []
  }

  /// The exception that was reported in the end.
  private var reported: ChainLink? {
    guard let traceback = analysis.findings.first?.traceback else { return nil }
    return traceback.finalIndex.map { traceback.links[$0] }
  }

  private func firstLine(of link: ChainLink) -> String {
    text(analysis.text.span.line(at: link.text.lowerBound, before: link.text.upperBound))
  }

  /// The FNV-1a hash, 64 bits: no part of a kind is a visitor's, so collisions cannot be provoked.
  private static func hash(of bytes: [UInt8]) -> String {
    let value = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }

  /// The certain facts of the error: its type, and the innermost frame of the application, else the view. For a logged
  /// message, also one that contains a traceback, it is the view, which most lack.
  private var kind: [UInt8] {
    let span = analysis.text.span
    var writer = KeyWriter(analysis.message == nil && !key.isLogged ? .place : .message)
    if !key.isLogged, let finding = analysis.findings.first, let last = finding.traceback.finalIndex {
      let link = finding.traceback.links[last]
      writer.add(span, ExceptionType.lastName(span, link.type))
      let deriver = KeyDeriver(traceback: finding.traceback, placed: finding.placed)
      if let frame = deriver.innermost(.application, in: link.frames) {
        writer.add(deriver.frameLine(span, frame))
        return writer.bytes
      }
    }
    if let view = analysis.report?.raisedDuring { writer.add(span, view) }
    return writer.bytes
  }

  var place: String {
    if let match = key.family {
      let subject = String(decoding: match.subject, as: UTF8.self)
      return bounded(subject.isEmpty ? match.family.title : "\(match.family.title) (\(subject))", to: 200)
    }
    if analysis.format == .notice { return "a notice" }
    if analysis.message != nil { return "logged without an exception" }
    guard let finding = analysis.findings.first else { return "" }
    guard let frame = finding.key.frame ?? finding.traceback.frames.indices.last else { return "no frames" }
    let module = text(finding.placed[frame].module)
    let function = text(finding.traceback.frames[frame].function)
    return bounded(function.isEmpty ? module : "\(module) in \(function)", to: 200)
  }

  private func text(_ range: Range<Int>) -> String {
    analysis.text.span.text(range.lowerBound..<min(range.upperBound, range.lowerBound + 1000))
  }

  private func isPrintableASCII(_ text: String) -> Bool {
    let isPrintable = text.utf8.withContiguousStorageIfAvailable { octets in
      octets.allSatisfy { 0x20 <= $0 && $0 < 0x7F }
    }
    return isPrintable ?? false
  }

  /// Returns at most `limit` characters, with blanks in place of control characters: the text goes into headers, logs
  /// and terminals.
  private func bounded(_ text: String, to limit: Int) -> String {
    if isPrintableASCII(text) { return text.utf8.count <= limit ? text : String(Substring(text.utf8.prefix(limit))) }
    var output = ""
    for scalar in text.unicodeScalars.prefix(limit) {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: output += " "
      default: output.unicodeScalars.append(scalar)
      }
    }
    return output
  }
}
