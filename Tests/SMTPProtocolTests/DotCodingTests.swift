@testable import SMTPProtocol
import Testing

/// Dots on and off (RFC 5321 section 4.5.2), with the input cut everywhere.
struct DotCodingTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let wire: String
    let message: String
    let shows: String
    var faults: MessageDecoder.Faults = []
    var testDescription: String { shows }
  }

  static let cases: [Case] = [
    Case(wire: ".\r\n", message: "", shows: "nothing at all"),
    Case(wire: "a\r\n.\r\n", message: "a\r\n", shows: "one line"),
    Case(wire: "\r\n.\r\n", message: "\r\n", shows: "one empty line"),
    Case(wire: "..\r\n.\r\n", message: ".\r\n", shows: "a dot alone"),
    Case(wire: "...\r\n..a\r\n.\r\n", message: "..\r\n.a\r\n", shows: "several dots"),
    Case(wire: "a.\r\n.\r\n", message: "a.\r\n", shows: "a dot at the end of a line"),
    Case(wire: "a\r\n.\r\r\n.\r\n", message: "", shows: "CRLF . CR CRLF", faults: .bareCR),
    Case(wire: "a\r\n.\rb\r\n.\r\n", message: "", shows: "CRLF . CR and more", faults: .bareCR),
    Case(wire: "\r\r\r\n.\r\n", message: "", shows: "CRs before a line end", faults: .bareCR),
    Case(wire: "a\r\nb\nc\r\n.\r\n", message: "", shows: "a bare LF among CRLF", faults: .bareLF),
    Case(wire: "a\nb\r\nc\r\n.\r\n", message: "", shows: "CRLF among bare LF", faults: .bareLF),
    Case(wire: "a\nbb\r\ncc\r\nd\r\n.\r\n", message: "", shows: "CRLFs behind a bare LF", faults: .bareLF),
    Case(wire: "a\nb\r\n..\r\n.\r\n", message: "", shows: "a stuffed dot behind both kinds", faults: .bareLF),
    Case(wire: "a\0b\r\n.\r\n", message: "", shows: "NUL", faults: .nul),
    Case(wire: "\0\n\r\r\nx\n.\r\n", message: "", shows: "everything at once", faults: [.nul, .bareLF, .bareCR]),
  ]

  @Test(
    "however the octets are cut, the decoder says the same and takes nothing behind the end",
    arguments: cases)
  func decode(_ example: Case) {
    guard !example.shows.hasPrefix("everything") else { return decodeEverything(example) }
    let wire = Array(example.wire.utf8)
    for cut in 0...wire.count {
      for next in cut...wire.count {
        check(example, pieces: [wire[..<cut], wire[cut..<next], wire[next...] + "NOOP\r\n".utf8].map { Array($0) })
      }
    }
    check(example, pieces: wire.map { [$0] })
  }

  private func decodeEverything(_ example: Case) {
    var decoder = MessageDecoder(.dots, limits: .upTo(1000), declaredSize: nil)
    _ = Array((example.wire + "\r\n.\r\n").utf8).withUnsafeBytes { decoder.consume($0) }
    #expect(decoder.isComplete && decoder.faults == example.faults)
  }

  private func check(_ example: Case, pieces: [[UInt8]]) {
    var decoder = MessageDecoder(.dots, limits: .upTo(1000), declaredSize: nil)
    let taken = pieces.reduce(0) { $0 + $1.withUnsafeBytes { decoder.consume($0) } }
    #expect(decoder.isComplete)
    #expect(decoder.faults == example.faults)
    #expect((try? decoder.finished()).map { String(decoding: $0, as: UTF8.self) } ?? "" == example.message)
    #expect(taken == example.wire.utf8.count)
  }

  @Test("a message over the limit is forgotten, and its end still found")
  func limit() {
    var decoder = MessageDecoder(.dots, limits: .upTo(10), declaredSize: 1 << 40)
    let wire = Array((String(repeating: "x", count: 50) + "\r\n.\r\n").utf8)
    #expect(wire.withUnsafeBytes { decoder.consume($0) } == wire.count)
    #expect(decoder.isComplete && decoder.faults == .tooLarge)
    #expect(throws: Reply.self) { try decoder.finished() }
  }

  struct Encoding: Sendable, CustomTestStringConvertible {
    let message: String
    let wire: String
    let shows: String
    var testDescription: String { shows }
  }

  static let encodings: [Encoding] = [
    Encoding(message: "", wire: ".\r\n", shows: "nothing"),
    Encoding(message: "a\r\n", wire: "a\r\n.\r\n", shows: "a line"),
    Encoding(message: "a", wire: "a\r\n.\r\n", shows: "a line without end gets one"),
    Encoding(message: ".\r\n..\r\n.a\r\n", wire: "..\r\n...\r\n..a\r\n.\r\n", shows: "dots"),
    Encoding(
      message: "a\n.\nb", wire: "a\r\n..\r\nb\r\n.\r\n", shows: "bare LF never leaves, and a dot behind it is stuffed"),
    Encoding(message: "a\r.\rb\r", wire: "a\r\n..\r\nb\r\n.\r\n", shows: "nor does bare CR"),
    Encoding(message: "a\rb\nc", wire: "a\r\nb\r\nc\r\n.\r\n", shows: "a CR, and later an LF"),
    Encoding(message: "\r\r\n\n", wire: "\r\n\r\n\r\n.\r\n", shows: "in any mixture"),
  ]

  @Test(
    "in pieces of any size the encoder gives the same octets",
    arguments: encodings)
  func encode(_ example: Encoding) {
    for size in 1...20 {
      #expect(String(decoding: Self.encoded(example.message, size), as: UTF8.self) == example.wire, "pieces of \(size)")
    }
  }

  @Test("what the encoder makes of a message is what the decoder takes apart")
  func roundTrip() {
    let alphabet: [String] = ["\r\n", ".", "a", "\r\n.", "long line ", "..", "\r\n\r\n"]
    for seed in 0..<2000 {
      var rest = seed
      var text = ""
      for _ in 0..<5 {
        text += alphabet[rest % alphabet.count]
        rest /= alphabet.count
      }
      text += "\r\n"
      var decoder = MessageDecoder(.dots, limits: .upTo(1000), declaredSize: nil)
      _ = Self.encoded(text, 7).withUnsafeBytes { decoder.consume($0) }
      #expect(decoder.isComplete && (try? decoder.finished()) == Array(text.utf8))
    }
  }

  private static func encoded(_ message: String, _ size: Int) -> [UInt8] {
    var encoder = DotEncoder()
    let bytes = Array(message.utf8)
    let pieces = stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min(bytes.count, $0 + size)]) }
    let wire = pieces.map { piece in piece.withUnsafeBytes { encoder.encode($0) } }
    return wire.flatMap { $0 } + encoder.end()
  }
}

extension SessionLimits {
  /// With so many octets for a message.
  static func upTo(_ octets: Int) -> SessionLimits {
    var limits = SessionLimits()
    limits.messageSize = octets
    return limits
  }
}
