import DedupCore
import MailMessage

extension ValueFormat<SitePattern> {
  /// The format of a pattern for prefixes or senders of one site.
  static let sitePattern = ValueFormat(
    syntax: "a prefix of the Subject or a sender, with * for what differs", range: nil,
    read: { (text) throws(ValueProblem) in
      let pattern: SitePattern
      do throws(Glob.Fault) { pattern = try SitePattern(text) } catch {
        throw ValueProblem(item: text, what: error.rawValue, remedy: "write the prefix or sender, with * in it")
      }
      if pattern.matchesEverything {
        throw ValueProblem(
          item: text, what: "matches everything", remedy: "write what all have in common", example: .ofTheKey)
      }
      return pattern
    },
    write: { $0.description })
}

extension SitePattern {
  /// The format of `match`.
  static let list = ValueFormat<[SitePattern]>.list(.sitePattern, of: "prefixes or senders")
}
