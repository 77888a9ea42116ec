@testable import SMTPProtocol
import Testing

/// Replies onto the wire and off it.
struct ReplyTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let reply: Reply
    let wire: String
    let shows: String
    var testDescription: String { shows }
  }

  static let cases: [Case] = [
    Case(reply: Reply(250, .init(2, 1, 0), "ok"), wire: "250 2.1.0 ok\r\n", shows: "code, status, text"),
    Case(reply: Reply(354, nil, "go"), wire: "354 go\r\n", shows: "no status"),
    Case(reply: Reply(250, nil, "a", "b"), wire: "250-a\r\n250 b\r\n", shows: "several lines"),
    Case(
      reply: Reply(550, .init(5, 1, 1), "a", "b"), wire: "550-5.1.1 a\r\n550 5.1.1 b\r\n",
      shows: "a status on each line"),
    Case(reply: Reply(250, nil), wire: "250 \r\n", shows: "no text"),
    Case(reply: Reply(451, nil, "a\r\n250 b\u{7}é"), wire: "451 a??250 b???\r\n", shows: "nothing breaks the dialogue"),
  ]

  @Test(
    "a reply is written as RFC 5321 says",
    arguments: cases)
  func encode(_ example: Case) { #expect(String(decoding: example.reply.encoded, as: UTF8.self) == example.wire) }

  @Test(
    "on one line, for logs",
    arguments: [
      (Reply(250, .init(2, 1, 0), "ok"), "250 2.1.0 ok"), (Reply(354, nil, "go"), "354 go"),
      (Reply(550, .init(5, 1, 1), "a", "b"), "550 5.1.1 a b"), (Reply(250), "250"), (Reply(250, nil, ""), "250"),
      (Reply(250, .init(2, 0, 0)), "250 2.0.0"), (Reply(451, nil, "a "), "451 a "), (Reply(250, nil, "é"), "250 é"),
    ])
  func describe(_ reply: Reply, _ line: String) { #expect(reply.description == line) }

  @Test(
    "an enhanced status code stands at the start of a text, or it is none",
    arguments: [
      ("5.1.1 no such user", EnhancedStatusCode(5, 1, 1)), ("2.0.0", EnhancedStatusCode(2, 0, 0)),
      ("4.123.456 x", EnhancedStatusCode(4, 123, 456)), ("", nil), ("5", nil), ("5.1", nil), ("5.1.", nil),
      ("5..1", nil), (".5.1.1", nil), ("5.1.1.1", nil), ("5.1.1234", nil), ("3.1.1", nil), ("5.1.1x", nil),
      ("5.1.1\tx", nil), (" 5.1.1", nil), ("é", nil),
    ] as [(String, EnhancedStatusCode?)])
  func statusCode(_ text: String, _ code: EnhancedStatusCode?) {
    #expect(EnhancedStatusCode(prefixOf: text) == code)
  }

  @Test("a line never has more than 512 octets")
  func cutsLines() {
    let reply = Reply(550, .init(5, 1, 1), String(repeating: "x", count: 1000))
    #expect(reply.encoded.count == 512)
  }

  struct Parsing: Sendable, CustomTestStringConvertible {
    let wire: String
    let replies: [Reply]
    var isGarbled = false
    let shows: String
    var testDescription: String { shows }
  }

  static let parsings: [Parsing] = [
    Parsing(wire: "250 2.1.0 ok\r\n", replies: [Reply(250, .init(2, 1, 0), "ok")], shows: "the ordinary form"),
    Parsing(wire: "250 ok\n", replies: [Reply(250, nil, "ok")], shows: "a bare LF"),
    Parsing(wire: "250\r\n", replies: [Reply(250, nil, "")], shows: "a code alone"),
    Parsing(
      wire: "250-5.1.1 a\r\n250 b\r\n", replies: [Reply(250, nil, "5.1.1 a", "b")],
      shows: "a status of another class is text"),
    Parsing(
      wire: "550-5.1.1 a\r\n550 5.1.1 b\r\n221 bye\r\n",
      replies: [Reply(550, .init(5, 1, 1), "a", "b"), Reply(221, nil, "bye")], shows: "two replies at once"),
    Parsing(wire: "550 5.1.1000 x\r\n", replies: [Reply(550, nil, "5.1.1000 x")], shows: "a status that is none"),
    Parsing(wire: "550 \u{1B}[2Jé\r\n", replies: [Reply(550, nil, "?[2J??")], shows: "nothing reaches a terminal"),
    Parsing(wire: "HTTP/1.1 400\r\n", replies: [], isGarbled: true, shows: "another protocol"),
    Parsing(wire: "250-a\r\n550 b\r\n", replies: [], isGarbled: true, shows: "two codes in one reply"),
    Parsing(wire: "25 x\r\n", replies: [], isGarbled: true, shows: "two digits"),
    Parsing(wire: "999 x\r\n", replies: [], isGarbled: true, shows: "a code out of range"),
    Parsing(wire: "250_x\r\n", replies: [], isGarbled: true, shows: "neither blank nor hyphen"),
    Parsing(wire: String(repeating: "x", count: 5000), replies: [], isGarbled: true, shows: "a line without end"),
    Parsing(wire: "250-x\r\n", replies: [], shows: "half a reply is none yet"),
  ]

  @Test(
    "whole and octet by octet the parser says the same",
    arguments: parsings)
  func parse(_ example: Parsing) {
    for pieces in [[Array(example.wire.utf8)], example.wire.utf8.map { [$0] }] {
      var parser = ReplyParser()
      var replies: [Reply] = []
      var isGarbled = false
      do {
        for piece in pieces {
          piece.withUnsafeBytes { parser.append($0) }
          while let reply = try parser.next() { replies.append(reply) }
        }
      } catch { isGarbled = true }
      #expect(replies == example.replies && isGarbled == example.isGarbled)
    }
  }

  @Test("a reply without end does not fill the memory")
  func boundsLines() {
    var parser = ReplyParser()
    Array(String(repeating: "250-x\r\n", count: 300).utf8).withUnsafeBytes { parser.append($0) }
    #expect(throws: ReplyParser.Garbled.self) { try parser.next() }
  }
}
