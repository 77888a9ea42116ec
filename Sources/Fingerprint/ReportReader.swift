import MailMessage

/// Bounds on what one mail may cost. Beyond them a mail is forwarded unread.
package struct ReadingLimits: Sendable {
  /// Decoded text that is looked at, in octets. Django prints 150 kB for a RecursionError, several times that in HTML.
  package var textBytes = 2 * 1024 * 1024
  package var headerBytes = 1024 * 1024
  package var mimeDepth = 100
  package var mimeParts = 1000
  package var frames = 20_000

  package init() {}
}

/// Reads a mail and says whether it is an error report, and which error it reports.
///
/// Pure: the verdict depends on the bytes and on nothing else. Linear in the size of the mail, never traps on any
/// bytes, and forwards (`notAReport`, `unclear`) whenever it is not sure.
package struct ReportReader: Sendable {
  package let limits: ReadingLimits

  package init(limits: ReadingLimits = ReadingLimits()) { self.limits = limits }

  package func judge(_ message: [UInt8]) -> Judgement { .unclear(.noTracebackKey) }

  package func explain(_ message: [UInt8]) -> FingerprintExplanation { FingerprintExplanation(verdict: "unclear") }
}
