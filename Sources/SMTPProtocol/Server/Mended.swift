/// What was wrong with the octets of a message that was taken nevertheless, and does not leave like that.
package struct Mended: OptionSet, Hashable, Sendable, CustomStringConvertible {
  package let rawValue: UInt8
  /// There was a NUL.
  package static let nul = Mended(rawValue: 1)
  /// There was a CR without an LF behind it.
  package static let bareCR = Mended(rawValue: 2)
  /// Some lines ended in CRLF, some in an LF alone.
  package static let mixedLineEnds = Mended(rawValue: 4)

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// For the log: `nul,bare-cr`.
  package var description: String {
    let names: [(Mended, String)] = [(.nul, "nul"), (.bareCR, "bare-cr"), (.mixedLineEnds, "mixed-line-ends")]
    return names.filter { contains($0.0) }.map(\.1).joined(separator: ",")
  }
}
