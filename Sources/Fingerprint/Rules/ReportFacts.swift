import MailMessage

/// The contents of a report, field by field, for the rules of the admin.
///
/// A field that the report does not have matches nothing, not even `*`. Only the first 2000 octets of a text are
/// examined: the sender of the mail must not decide what a rule costs.
struct ReportFacts {
  let analysis: Analysis

  init(_ analysis: Analysis) { self.analysis = analysis }

  /// True if the rule matches the report. A mail with several tracebacks matches only if each of them does: what a rule
  /// silences must not take another error along.
  func match(_ rule: Rule) -> Bool {
    guard !rule.matchers.isEmpty else { return false }
    if analysis.findings.isEmpty { return rule.matchers.allSatisfy { matches($0, nil) } }
    return analysis.findings.allSatisfy { finding in rule.matchers.allSatisfy { matches($0, finding) } }
  }

  private func matches(_ matcher: RuleMatcher, _ finding: Finding?) -> Bool {
    let values = candidates(matcher.field, finding)
    return matcher.patterns.contains { pattern in values.contains { !$0.isEmpty && pattern.matches($0) } }
  }

  // MARK: - For patterns

  func candidates(_ field: RuleField, _ finding: Finding?) -> [[UInt8]] {
    let span = analysis.text.span
    switch field {
    case .type:
      return links(finding).flatMap { link in
        let name = ExceptionType.lastName(span, link.type)
        return name == link.type ? [bytes(name)] : [bytes(link.type), bytes(name)]
      }
    case .text:
      guard let finding else { return analysis.message.map { [bytes($0)] } ?? [] }
      return links(finding).map { bytes(span.trimmed($0.text)) }
    case .module: return frames(finding).flatMap { modules(bytes($0.placed.module)) }
    case .function: return frames(finding).map { bytes($0.function) }
    case .innermost: return raising(finding).map(places) ?? []
    case .caller: return caller(finding).map(places) ?? []
    case .view: return analysis.report?.raisedDuring.map { [bytes($0)] } ?? []
    case .path: return path.map { [bytes($0)] } ?? []
    case .host: return host.map { [bytes($0)] } ?? []
    case .settingsModule: return settingsModule.map { [$0] } ?? []
    case .subject: return [collapsed(analysis.screening?.decodedSubject ?? [])]
    case .template:
      guard let template = analysis.report?.template else { return [] }
      return [bytes(template), bytes(ModuleRoot.guess(span, template))]
    }
  }

  /// The exception that was reported in the end, and the cause in which a family was recognised, if that is another
  /// link.
  private func links(_ finding: Finding?) -> [ChainLink] {
    guard let finding, let last = finding.traceback.finalIndex else { return [] }
    let links = finding.traceback.links
    guard let cause = finding.key.family?.link, cause != last, links.indices.contains(cause) else {
      return [links[last]]
    }
    return [links[last], links[cause]]
  }

  private struct Frame {
    var placed: PlacedFrame
    var function: Range<Int>
  }

  /// The deciding frame and the innermost frame of the application, which may be the same.
  private func frames(_ finding: Finding?) -> [Frame] {
    guard let finding else { return [] }
    let own = links(finding).lazy.compactMap { innermost(in: $0.frames, finding) }.first
    let last = finding.traceback.finalIndex.flatMap { finding.traceback.links[$0].frames.last }
    var indices: [Int] = []
    for index in [finding.key.frame ?? (own == nil ? last : nil), own].compactMap({ $0 })
    where !indices.contains(index) && finding.placed.indices.contains(index) {
      indices.append(index)
    }
    return indices.map { frame($0, finding) }
  }

  /// The frame that raised the exception that was reported in the end.
  private func raising(_ finding: Finding?) -> Frame? {
    guard let finding, let link = links(finding).first else { return nil }
    return link.frames.last { !KnownLibraries.isInstrumentation(analysis.text.span, finding.placed[$0].package) }
      .map { frame($0, finding) }
  }

  private func caller(_ finding: Finding?) -> Frame? {
    guard let finding, let link = links(finding).first, let own = innermost(in: link.frames, finding) else {
      return nil
    }
    return innermost(in: link.frames.lowerBound..<own, finding).map { frame($0, finding) }
  }

  private func frame(_ index: Int, _ finding: Finding) -> Frame {
    let deriver = KeyDeriver(traceback: finding.traceback, placed: finding.placed)
    return Frame(placed: finding.placed[index], function: deriver.function(analysis.text.span, of: index))
  }

  /// The frame's place in both spellings: `shop/pricing.py in total` and `shop.pricing in total`.
  private func places(_ frame: Frame) -> [[UInt8]] {
    let function = bytes(frame.function)
    let within = function.isEmpty ? [] : Array(" in ".utf8) + function
    return modules(bytes(frame.placed.module)).map { $0 + within }
  }

  private func innermost(in range: Range<Int>, _ finding: Finding) -> Int? {
    range.last { finding.placed[$0].place == .application && !finding.placed[$0].isPlumbing }
  }

  /// The module in both spellings: `shop/pricing.py` and `shop.pricing`.
  private func modules(_ path: [UInt8]) -> [[UInt8]] {
    let isSource = path.suffix(3).elementsEqual(".py".utf8)
    let dotted = (isSource ? path.dropLast(3) : path[...]).map { ModulePath.isSeparator($0) ? UInt8(ascii: ".") : $0 }
    return [path, dotted]
  }

  // MARK: - For people

  /// The frame that raised, in the application's code or another's: `shop/pricing.py in total`. Empty without an
  /// exception.
  var innermostPlace: [UInt8] { raising(analysis.findings.first).flatMap { places($0).first } ?? [] }

  /// The application frame that called the innermost one. Empty if there is none.
  var callersPlace: [UInt8] { caller(analysis.findings.first).flatMap { places($0).first } ?? [] }

  // MARK: - The request

  /// The path of the request, from the logged `Internal Server Error: /cart/`, from `KeyError at /cart/`, or else from
  /// the URL.
  private var path: Range<Int>? {
    let span = analysis.text.span
    if let line = analysis.message, let path = MessageKey.requestPath(span, line) { return path }
    if let headline = analysis.report?.headline, let hit = span.lastIndex(of: " at /", in: headline) {
      return (hit + 4)..<headline.upperBound
    }
    guard let url else { return nil }
    let end = span.firstIndex(of: UInt8(ascii: "?"), in: url) ?? url.upperBound
    guard let slash = span.firstIndex(of: UInt8(ascii: "/"), in: authority(url).upperBound..<end) else { return nil }
    return slash..<end
  }

  private var host: Range<Int>? {
    guard let url else { return nil }
    var host = authority(url)
    let span = analysis.text.span
    if let at = span.lastIndex(of: UInt8(ascii: "@"), in: host) { host = (at + 1)..<host.upperBound }
    // `[::1]:8000`: the colons inside the brackets do not begin a port.
    let bracket = span.lastIndex(of: UInt8(ascii: "]"), in: host) ?? host.lowerBound
    if let colon = span.lastIndex(of: UInt8(ascii: ":"), in: bracket..<host.upperBound) {
      return host.lowerBound..<colon
    }
    return host
  }

  private var url: Range<Int>? {
    guard let url = analysis.report?.requestURL else { return nil }
    return analysis.text.span.firstIndex(of: "://", in: url) == nil ? nil : url
  }

  private func authority(_ url: Range<Int>) -> Range<Int> {
    let span = analysis.text.span
    let start = span.firstIndex(of: "://", in: url).map { $0 + 3 } ?? url.lowerBound
    var end = start
    while end < url.upperBound, span[end] != UInt8(ascii: "/"), span[end] != UInt8(ascii: "?") { end += 1 }
    return start..<end
  }

  private var settingsModule: [UInt8]? {
    analysis.report?.settingsModule.map(bytes) ?? analysis.screening?.settingsModule.map { Array($0.utf8) }
  }

  // MARK: - For keys

  /// The text that goes into a fingerprint for `field`: one line, without the parts that differ from mail to mail. Nil
  /// if the mail does not have the field, or if several tracebacks disagree.
  func keyValue(_ field: RuleField) -> [UInt8]? {
    let values: [[UInt8]?]
    switch field {
    case .type, .text, .module, .function, .innermost, .caller:
      guard !analysis.findings.isEmpty else { return field == .text ? normalized(analysis.message) : nil }
      values = analysis.findings.map { keyValue(field, of: $0) }
    case .path: values = [path.map { MessageKey.pathPattern(analysis.text.span, $0) }]
    case .template: values = [candidates(.template, nil).last]
    case .view, .host, .settingsModule, .subject: values = [candidates(field, nil).first]
    }
    guard let first = values.first ?? nil, !first.isEmpty, values.allSatisfy({ $0 == first }) else { return nil }
    let value = collapsed(first)
    return field.ignoresCase ? value.map(\.asciiLowercased) : value
  }

  private func keyValue(_ field: RuleField, of finding: Finding) -> [UInt8]? {
    guard let link = links(finding).first else { return nil }
    switch field {
    case .type: return bytes(ExceptionType.lastName(analysis.text.span, link.type))
    case .text: return finding.key.normalized.isEmpty ? normalized(link.text) : finding.key.normalized
    case .module: return frames(finding).first.map { bytes($0.placed.module) }
    case .function: return frames(finding).first.map { bytes($0.function) }
    case .innermost: return raising(finding).flatMap { places($0).first }
    case .caller: return caller(finding).flatMap { places($0).first }
    default: return nil
    }
  }

  private func normalized(_ range: Range<Int>?) -> [UInt8]? {
    guard let range else { return nil }
    let span = analysis.text.span
    var normalizer = TextNormalizer()
    return normalizer.normalize(span, span.trimmed(span.line(at: range.lowerBound, before: range.upperBound)))
  }

  private func bytes(_ range: Range<Int>) -> [UInt8] {
    let inside = analysis.text.span.clamped(range)
    return Array(analysis.text[inside.prefix(2000)])
  }

  /// Replaces each run of white space by one space, and removes it at both ends.
  private func collapsed(_ bytes: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    for byte in bytes.prefix(2000) {
      if !byte.isBlank { output.append(byte) } else if output.last != 0x20 { output.append(0x20) }
    }
    while output.last == 0x20 { output.removeLast() }
    return output.first == 0x20 ? Array(output.dropFirst()) : output
  }
}
