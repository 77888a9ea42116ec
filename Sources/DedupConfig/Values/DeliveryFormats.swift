import DedupCore
import MailMessage

extension ValueFormat<DeliveryRate> {
  /// The format of a rate, e.g. `50/min`.
  static let rate = ValueFormat(
    syntax: "a number of recipients per s, min or h", range: "1 to 1000000",
    read: { (text) throws(ValueProblem) in
      let parts = text.split(separator: "/", omittingEmptySubsequences: false).map {
        $0.filter { !$0.isWhitespace }
      }
      guard parts.count == 2, let count = Int(parts[0]), (1...1_000_000).contains(count),
        let period = DeliveryRate.Period(rawValue: String(parts[1]))
      else {
        throw ValueProblem(
          item: text, what: "is not a rate", remedy: "write a number, / and s, min or h", example: .ofTheKey)
      }
      return DeliveryRate(count, per: period)
    },
    write: { $0.description })
}

extension ValueFormat<Glob> {
  /// The format of a mail address or a domain, which means all of its addresses; `*`, `?` and sets are wildcards.
  static let addressOrDomain = ValueFormat(
    syntax: "a domain or a mail address", range: nil,
    read: { (text) throws(ValueProblem) in
      let pattern = text.contains("@") ? (text.hasPrefix("@") ? "*" + text : text) : "*@" + text
      do throws(Glob.Fault) { return try Glob(pattern, ignoresCase: true) } catch {
        throw ValueProblem(item: text, what: error.rawValue, remedy: "write example.org, *@example.org or an address")
      }
    },
    // As an admin may have written it: a domain means all of its addresses.
    write: { $0.description.hasPrefix("*@") ? String($0.description.dropFirst(2)) : $0.description })
}

extension ValueFormat<EmailAddress> {
  /// The format of a mail address whose local part may end in `+`.
  static let rewriteAddress = ValueFormat(
    syntax: emailAddress.syntax + "; with a + before its @ the sender it stands for is put there", range: nil,
    read: emailAddress.read, write: emailAddress.write)
}
