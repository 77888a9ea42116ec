import Fleet
import MailTestKit
import Testing

/// The codec of the engine's protocol, at every cut.
@Suite struct RESPTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var octets: String
    var replies: [RESPValue]
  }

  static let cases = [
    Case(testDescription: "a status", octets: "+OK\r\n", replies: [.simple("OK")]),
    Case(testDescription: "an error keeps its word", octets: "-NOSCRIPT none\r\n", replies: [.error("NOSCRIPT none")]),
    Case(testDescription: "numbers have signs", octets: ":-42\r\n:7\r\n", replies: [.integer(-42), .integer(7)]),
    Case(testDescription: "a bulk may hold CRLF", octets: "$4\r\na\r\nb\r\n", replies: [.bulk(Array("a\r\nb".utf8))]),
    Case(
      testDescription: "an empty bulk is not nothing", octets: "$0\r\n\r\n$-1\r\n", replies: [.bulk([]), .bulk(nil)]),
    Case(
      testDescription: "an empty array is not nothing", octets: "*0\r\n*-1\r\n", replies: [.array([]), .array(nil)]),
    Case(
      testDescription: "arrays stand in arrays", octets: "*3\r\n*2\r\n:1\r\n$1\r\nx\r\n*0\r\n+z\r\n:9\r\n",
      replies: [
        .array([.array([.integer(1), .bulk([0x78])]), .array([]), .simple("z")]), .integer(9),
      ]),
  ]

  @Test(arguments: cases) func cutAnywhereItReadsTheSame(_ example: Case) throws {
    let octets = Array(example.octets.utf8)
    for cut in 0...octets.count {
      for second in cut...octets.count {
        var decoder = RESPDecoder()
        let replies =
          try decoder.receive(octets[..<cut]) + decoder.receive(octets[cut..<second])
          + decoder.receive(octets[second...])
        #expect(replies == example.replies)
      }
    }
    var decoder = RESPDecoder()
    let replies = try octets.flatMap { try decoder.receive([$0]) }
    #expect(replies == example.replies)
  }

  static let faults: [(String, RESPFault)] = [
    ("!x\r\n", .noType(0x21)), ("\r\n", .noType(nil)), (":12x\r\n", .noNumber), ("$3\r\nabcd\r\n", .noEnd),
    ("+OK\n", .noEnd), ("$99999999\r\n", .tooMuch), ("$-2\r\n", .tooMuch), ("*300000\r\n", .tooMuch),
    (":" + String(repeating: "1", count: 30) + "\r\n", .noNumber),
    (String(repeating: "*1\r\n", count: 9), .tooDeep), ("+" + String(repeating: "x", count: 5000), .tooLong),
    ("SSH-2.0-OpenSSH\r\n", .noType(0x53)),
  ]

  @Test(arguments: faults) func badOctetsAreRefused(_ octets: String, _ fault: RESPFault) {
    var decoder = RESPDecoder()
    #expect(throws: fault) { try decoder.receive(octets.utf8) }
  }

  @Test func aReplyInManyElementsIsBounded() {
    var limits = RESPLimits()
    limits.octets = 1000
    var decoder = RESPDecoder(limits: limits)
    #expect(throws: RESPFault.tooMuch) {
      _ = try decoder.receive("*9\r\n".utf8)
      for _ in 0..<9 { _ = try decoder.receive("$200\r\n\(String(repeating: "x", count: 200))\r\n".utf8) }
    }
  }

  @Test func randomOctetsNeverCrash() {
    var random = SplitMix(seed: 29)
    for _ in 0..<2000 {
      var decoder = RESPDecoder()
      let octets = (0..<40).map { _ in Array("+-:$*\r\n0123x".utf8).randomElement(using: &random) ?? 0 }
      _ = try? decoder.receive(octets)
    }
  }

  @Test func aCommandIsAListOfBulks() {
    #expect(RESPCommand.octets(["GET", "ä"]) == Array("*2\r\n$3\r\nGET\r\n$2\r\nä\r\n".utf8))
  }
}
