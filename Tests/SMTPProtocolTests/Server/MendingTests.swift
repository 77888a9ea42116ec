import MailMessage
@testable import SMTPProtocol
import Testing

/// What becomes of NUL, bare CRs and mixed line ends from clients that may send (FINDS S2, V5). What single mails look
/// like is in the dialogues; this is what holds for all of them.
struct MendingTests {
  private static let head = "Subject: genuine\r\nTo: a@b.example\r\n\r\n"

  /// All sequences of up to six of these octets.
  private static let sequences: [[UInt8]] = {
    let alphabet: [UInt8] = [0x0D, 0x0A, UInt8(ascii: "."), 0, UInt8(ascii: "a")]
    var all: [[UInt8]] = [[]]
    var longest: [[UInt8]] = [[]]
    for _ in 0..<6 {
      longest = longest.flatMap { sequence in alphabet.map { sequence + [$0] } }
      all += longest
    }
    return all
  }()

  private struct Reading: Equatable {
    var message: [UInt8]
    var taken: Int
    var mended: Mended
  }

  private static func read(_ wire: [UInt8], pieces: Int, spilling: Bool = false) -> Reading {
    var decoder = MessageDecoder(.dots, limits: SessionLimits(), declaredSize: nil, mends: true)
    var message: [UInt8] = []
    var taken = 0
    for start in stride(from: 0, to: wire.count, by: pieces) where !decoder.isComplete {
      taken += wire[start..<min(wire.count, start + pieces)].withUnsafeBytes { decoder.consume($0) }
      if spilling, let piece = decoder.spilled(isScarce: true) { message += piece }
    }
    let mended = decoder.mended
    message += (try? decoder.finished()) ?? []
    return Reading(message: message, taken: taken, mended: mended)
  }

  /// Where CRLF.CRLF ends, as the client sent it: the CRLF of the reply to DATA may be the first one.
  private static func end(of wire: [UInt8]) -> Int {
    let end: [UInt8] = [0x0D, 0x0A, 0x2E, 0x0D, 0x0A]
    if wire.starts(with: end.dropFirst(2)) { return 3 }
    return (0...(wire.count - 5)).first { wire[$0..<($0 + 5)].elementsEqual(end) }.map { $0 + 5 } ?? 0
  }

  @Test("nothing short of CRLF.CRLF ends a message, nothing bare is in it, and its cut makes no difference")
  func nothingElseEndsAMessageAndNothingBareLeaves() {
    for sequence in Self.sequences {
      let wire = Array(Self.head.utf8) + sequence + Array("x\r\n.\r\nQUIT\r\n".utf8)
      let whole = Self.read(wire, pieces: wire.count)
      #expect(whole.taken == Self.end(of: wire), "\(sequence)")
      #expect(Self.hasOnlyCRLF(whole.message), "\(sequence)")
      #expect(whole == Self.read(wire, pieces: 1), "\(sequence)")
      #expect(whole == Self.read(wire, pieces: 3), "\(sequence)")
      #expect(Self.header(of: whole.message).count == 2, "\(sequence)")
    }
  }

  @Test("wherever such octets stand in a header, it has the fields that it had: no more, and none is lost to the body")
  func noFieldIsMadeAndTheHeaderDoesNotEnd() {
    let header = Array("Subject: a b\r\n c\r\nX-A: d\r\nTo: e\r\n".utf8)
    let texts: [[UInt8]] = [
      [0], [0x0D], [0, 0], [0x0D, 0], [0x0D, 0x0D], Array("\rBcc: evil".utf8), Array("\0Bcc: evil".utf8),
      Array("\r\r\0Bcc: evil\r".utf8),
    ]
    for text in texts {
      for position in 0..<header.count where !Self.isInsideCRLF(header, position) {
        var wire = header
        wire.insert(contentsOf: text, at: position)
        let message = Self.read(wire + Array("\r\nbody\r\n.\r\n".utf8), pieces: 1 << 16).message
        let names = Self.header(of: message).map { $0.prefix { $0 != ":" } }
        // A line that begins with such an octet goes on the one before it.
        #expect(Set(names).isSubset(of: Self.names), "\(text) at \(position): \(names)")
        #expect(Self.body(of: message) == "body\r\n", "\(text) at \(position)")
      }
    }
  }

  private static let names: Set<Substring> = ["Subject", "X-A", "To"]

  private static func isInsideCRLF(_ octets: [UInt8], _ position: Int) -> Bool {
    position > 0 && position < octets.count && octets[position - 1] == 0x0D
  }

  @Test("a large message is mended as a small one, in what was spilled before and after the first octet of that kind")
  func largeMessagesAreMendedToo() {
    let line = Array("0123456789abcdef0123456789\r\n".utf8)
    let plain = Array(Self.head.utf8) + (0..<2000).flatMap { _ in line }
    let wire = plain + Array("10%\r20%\r\r\n\0x\n..y\r\n".utf8) + plain + Array(".\r\n".utf8)
    let expected = plain + Array("10% 20%\r\nx\r\n.y\r\n".utf8) + plain
    for pieces in [7, 1000, 16_384, wire.count] {
      let reading = Self.read(wire, pieces: pieces, spilling: true)
      #expect(reading.message == expected, "pieces of \(pieces)")
      #expect(reading.mended == [.nul, .bareCR, .mixedLineEnds])
      #expect(reading.mended.description == "nul,bare-cr,mixed-line-ends")
    }
  }

  @Test("what is as it should be stays as it is, octet for octet, and so does a message of bare LF, CRLF apart")
  func whatNeedsNoMendingIsLeftAlone() {
    let wire = Array((Self.head + "a\r\n..b\r\n\t \r\n.\r\n").utf8)
    #expect(Self.read(wire, pieces: 5).mended == [])
    #expect(Self.read(wire, pieces: 5).message == Array((Self.head + "a\r\n.b\r\n\t \r\n").utf8))
    let lines = Self.read(Array("a: b\n\n..c\n\r\n.\r\n".utf8), pieces: 2)
    #expect(lines.mended == [] && lines.message == Array("a: b\r\n\r\n.c\r\n\r\n".utf8))
  }

  private static func hasOnlyCRLF(_ message: [UInt8]) -> Bool {
    var before: UInt8 = 0
    for octet in message {
      if octet == 0 || (before == 0x0D) != (octet == 0x0A) { return false }
      before = octet
    }
    return before != 0x0D
  }

  private static func header(of message: [UInt8]) -> [String] {
    let text = String(decoding: message, as: UTF8.self)
    let lines = (text.components(before: "\r\n\r\n") + "\r\n").split(separator: "\r\n").map { String($0) }
    return lines.filter { !$0.hasPrefix(" ") }
  }

  private static func body(of message: [UInt8]) -> String {
    let text = String(decoding: message, as: UTF8.self)
    return String(text.dropFirst(text.components(before: "\r\n\r\n").count + 2))
  }
}

extension String {
  fileprivate func components(before separator: String) -> String {
    let octets = Array(utf8)
    let end = Array(separator.utf8)
    let index = octets.indices.first { octets[$0...].starts(with: end) } ?? octets.count
    return String(decoding: octets[..<index], as: UTF8.self)
  }
}
