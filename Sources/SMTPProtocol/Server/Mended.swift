/// The faults in the octets of a message that was accepted nevertheless and repaired before it leaves.
package struct Mended: OptionSet, Hashable, Sendable, CustomStringConvertible {
  package let rawValue: UInt8
  /// A NUL.
  package static let nul = Mended(rawValue: 1)
  /// A CR without an LF after it.
  package static let bareCR = Mended(rawValue: 2)
  /// Line ends of both kinds: some CRLF, some a lone LF.
  package static let mixedLineEnds = Mended(rawValue: 4)

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The faults as text for the log: `nul,bare-cr`.
  package var description: String {
    let names: [(Mended, String)] = [(.nul, "nul"), (.bareCR, "bare-cr"), (.mixedLineEnds, "mixed-line-ends")]
    return names.filter { contains($0.0) }.map(\.1).joined(separator: ",")
  }
}
