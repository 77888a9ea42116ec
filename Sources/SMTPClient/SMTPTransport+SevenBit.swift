import Logging
import MailMessage
import NIOPosix
import SMTPProtocol

/// Mail with 8-bit text for hosts that do not announce 8BITMIME.
extension SMTPTransport {
  /// What of `offer` goes over `connection`.
  func form(of offer: Offer, for connection: SmarthostConnection) async -> Offer {
    guard offer.isEightBit, !connection.capabilities.eightBitMIME else { return offer }
    do {
      let form = try await Self.sevenBitForm(of: offer.message)
      var envelope = offer.envelope
      envelope.body = .sevenBit
      return Offer(envelope, form, offer.id)
    } catch {
      // Nearly all servers pass 8 bits on, whether they say so or not; and nothing else can be done for it.
      let reason = (error as? SevenBitForm.Obstacle)?.rawValue ?? "\(error)"
      logger.warning("sent-with-8-bits", metadata: ["id": "\(offer.id)", "reason": "\(reason)"])
      return offer
    }
  }

  /// Not on the event loop: it may have to be read from the disk.
  private static func sevenBitForm(of message: Message) async throws -> Message {
    try await NIOThreadPool.singleton.runIfActive { Message(try SevenBitForm.of(try message.octets())) }
  }
}

extension Message {
  /// Whether the header holds octets above 127. One that does not end in what is at hand counts as a header to its end.
  var hasEightBitHeader: Bool {
    let end = head.firstRange(of: [0x0D, 0x0A, 0x0D, 0x0A])?.lowerBound ?? head.count
    return head[..<end].contains { $0 >= 0x80 }
  }
}
