/// An SMTP reply (RFC 5321 section 4.2) with its enhanced status code (RFC 2034, RFC 3463).
package struct Reply: Hashable, Sendable {
  package var code: Int
  package var status: EnhancedStatusCode?
  /// One element a line; printable ASCII without CR and LF.
  package var lines: [String]

  package init(_ code: Int, _ status: EnhancedStatusCode? = nil, _ lines: String...) {
    self.code = code
    self.status = status
    self.lines = lines
  }
}

/// `class.subject.detail` of RFC 3463.
package struct EnhancedStatusCode: Hashable, Sendable, CustomStringConvertible {
  package var `class`: Int
  package var subject: Int
  package var detail: Int

  package init(_ class: Int, _ subject: Int, _ detail: Int) {
    self.class = `class`
    self.subject = subject
    self.detail = detail
  }

  package var description: String { "\(self.class).\(subject).\(detail)" }
}
