/// The character sets of texts.
///
/// A traceback is ASCII except for a few names and messages. So every set that keeps ASCII bytes as ASCII is read
/// unchanged; only Latin-1 and Windows-1252 are converted to UTF-8, because Django sites really send them and their
/// titles should read well. Sets with shifts (ISO-2022-JP, UTF-7) are read unchanged too: outside the shifts, their
/// ASCII stands for itself. Others (UTF-16, EBCDIC) are `unknown`.
package enum Charset: Sendable, Equatable {
  case utf8, latin1, asciiSuperset, unknown

  package init(_ bytes: borrowing Span<UInt8>, name: Range<Int>?) {
    guard let name, !name.isEmpty else {
      self = .utf8
      return
    }
    func begins(_ text: StaticString) -> Bool {
      bytes.hasIgnoringCase(text, at: name.lowerBound, before: name.upperBound)
    }
    if begins("utf-8") || begins("utf8") || begins("us-ascii") || begins("ascii") {
      self = .utf8
    } else if bytes.equalsIgnoringCase(name, "iso-8859-1") || begins("latin1") || begins("latin-1")
      || begins("windows-1252") || begins("cp1252") || bytes.equalsIgnoringCase(name, "iso-8859-15")
    {
      self = .latin1
    } else if begins("iso-8859-") || begins("windows-") || begins("cp125") || begins("koi8") || begins("gb")
      || begins("big5") || begins("euc-") || begins("shift") || begins("ansi_x3.4") || begins("unknown-8bit")
      || begins("mac") || begins("iso-2022-") || begins("ks_c_5601") || begins("utf-7") || begins("hz-gb")
    {
      self = .asciiSuperset
    } else {
      self = .unknown
    }
  }

  /// Returns the text in UTF-8. A text that claims UTF-8 but is not stays unchanged: only its ASCII matters.
  package func utf8(_ text: [UInt8]) -> [UInt8] {
    guard self == .latin1, text.contains(where: { $0 >= 0x80 }) else { return text }
    var output: [UInt8] = []
    output.reserveCapacity(text.count + text.count / 8)
    for byte in text {
      if byte < 0x80 {
        output.append(byte)
      } else {
        output.append(0xC0 | byte >> 6)
        output.append(0x80 | byte & 0x3F)
      }
    }
    return output
  }
}
