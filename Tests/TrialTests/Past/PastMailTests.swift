import DedupCore
import MailMessage
import Testing
import Trial

/// How past mail is read for `dedupctl replay`.
@Suite("Past mail") struct PastMailTests {
  static func mail(_ header: String) -> PastMail {
    PastMail(Array("\(header)\r\n\r\nbody\r\n".utf8), storedAt: Timestamp(seconds: 7))
  }

  struct Case: CustomTestStringConvertible {
    var shows: String
    var header: String
    var arrival: Int64
    var testDescription: String { shows }
  }

  static let nine: Int64 = 1_793_523_600
  static let received = "Received: from b by c;\r\n Sun, 1 Nov 2026 11:30:00 +0000\r\nReceived: from a by b\r\n (x; y);"

  @Test(
    "a mail arrived when its lowest Received says so, else at its Date, else when it was stored",
    arguments: [
      Case(shows: "the lowest Received", header: "\(received) Sun, 1 Nov 2026 10:00:00 +0100 (CET)", arrival: nine),
      Case(
        shows: "Received before Date",
        header: "\(received) 1 Nov 2026 09:00:00 +0000\r\nDate: 1 Nov 2026 08:00:00 +0000", arrival: nine),
      Case(shows: "the next higher one when it has no date", header: "\(received) soon", arrival: nine + 9000),
      Case(shows: "Date without Received", header: "Date: Sun, 1 Nov 2026 10:00:00 +0100", arrival: nine),
      Case(shows: "neither: when it was put where it lies", header: "Date: someday", arrival: 7),
    ])
  func arrival(_ test: Case) { #expect(Self.mail(test.header).arrivedAt == Timestamp(seconds: test.arrival)) }

  @Test(
    "the envelope is guessed from the fields that delivery wrote, else from From and To",
    arguments: [
      ("From: S <a@b>\r\nTo: c@d, e@f\r\nReturn-Path: <x+7@y>\r\nX-Original-To: z@z", "a@b", ["c@d", "e@f"]),
      ("Return-Path: <x@y>\r\nX-Original-To: z@z", "x@y", ["z@z"]),
      ("Delivered-To: z@z\r\nDelivered-To: w@z", "", ["z@z", "w@z"]), ("Subject: x", "", []),
    ])
  func envelope(_ header: String, _ sender: String, _ recipients: [String]) {
    let envelope = Self.mail(header).envelope
    #expect(envelope.sender.text == sender && envelope.recipients.map(\.text) == recipients)
  }
}
