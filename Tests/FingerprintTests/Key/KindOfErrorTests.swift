import Testing

@testable import Fingerprint

@Suite struct KindOfErrorTests {
  @Test("names and texts make other errors of the same kind; type and place make another kind")
  func kinds() throws {
    var mail = SampleMail()
    let plain = try #require(SampleMail.report(mail.bytes))
    (mail.type, mail.value) = ("DataError", "value too long for type character varying(30)")
    let long = try #require(SampleMail.report(mail.bytes))
    mail.value = "integer out of range"
    let large = try #require(SampleMail.report(mail.bytes))
    #expect(long.fingerprint != large.fingerprint)
    #expect(long.kind == large.kind)
    #expect(long.kind != plain.kind)
    mail.frames[2].function = "subtotal"
    #expect(SampleMail.report(mail.bytes)?.kind != large.kind)
  }
}
