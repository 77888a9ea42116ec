import MailMessage
enum HTMLReport {
  static func plainText(_ html: borrowing Span<UInt8>) -> [UInt8] { [] }
}
