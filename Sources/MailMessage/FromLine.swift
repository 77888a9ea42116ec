/// The line before each mail of an mbox file (RFC 4155, appendix A):
///
///     From django@shop.example Sun Nov 22 14:03:05 2026
///
/// Accepts what programs write there: no seconds, a zone before or after the year, anything as the sender.
package enum FromLine {
  /// Returns true if the line begins like one.
  package static func isMark(_ line: ArraySlice<UInt8>) -> Bool { line.starts(with: Array("From ".utf8)) }

  /// Returns the time when the mail was put into the file, in seconds since 1970-01-01T00:00:00Z; nil if the line has
  /// no date. Without a zone it is UTC, as the RFC says.
  package static func seconds(_ line: ArraySlice<UInt8>) -> Int64? {
    guard isMark(line) else { return nil }
    let words = String(decoding: line.dropFirst(5).prefix(400), as: UTF8.self)
      .split { $0 == " " || $0 == "\t" || $0.isNewline }
    // From the end, since a sender may look like a month.
    for index in words.indices.reversed() where index + 3 < words.endIndex {
      let rest = words[(index + 3)...]
      guard let year = rest.first(where: { $0.utf8.count == 4 && $0.utf8.allSatisfy(\.isDigit) }) else { continue }
      let zone = rest.first { $0 != year }.map(String.init) ?? "UTC"
      let date = "\(words[index + 1]) \(words[index]) \(year) \(words[index + 2]) \(zone)"
      if let seconds = DateField.seconds(date) { return seconds }
    }
    return nil
  }
}
