import MailMessage

extension ValueFormat<Glob> {
  /// The format of a mail address in which `*`, `?` and sets are wildcards; case is ignored.
  static let addressPattern = ValueFormat(
    syntax: "a mail address", range: nil,
    read: { (text) throws(ValueProblem) in
      guard text.contains("@") else {
        throw ValueProblem(item: text, what: "is not a mail address", remedy: "write name@domain or *@domain")
      }
      do throws(Glob.Fault) { return try Glob(text, ignoresCase: true) } catch {
        throw ValueProblem(item: text, what: error.rawValue, remedy: "write *, ?, [a-z] or the address itself")
      }
    },
    write: { $0.description })
}
