import EventLog
import Logging
import MailMessage
import NIOPosix
import SMTPProtocol

/// The conversion of mail with 8-bit text for hosts that do not announce 8BITMIME.
extension SMTPTransport {
  /// Returns the form of `offer` that is sent over `connection`.
  func form(of offer: Offer, for connection: SmarthostConnection) async -> Offer {
    guard offer.isEightBit, !connection.capabilities.eightBitMIME else { return offer }
    do {
      let form = try await Self.sevenBitForm(of: offer.message)
      var envelope = offer.envelope
      envelope.body = .sevenBit
      return Offer(envelope, form, offer.id)
    } catch {
      // Nearly all servers pass 8 bits on, announced or not, and there is no alternative.
      let reason = (error as? SevenBitForm.Obstacle)?.rawValue ?? "\(error)"
      logger.event(.warning, .sentWith8Bits, [.id: "\(offer.id)", .reason: "\(reason)"])
      return offer
    }
  }

  /// Returns the 7-bit form of the message. Runs off the event loop because the message may have to be read from the
  /// disk.
  private static func sevenBitForm(of message: Message) async throws -> Message {
    try await NIOThreadPool.singleton.runIfActive { Message(try SevenBitForm.of(try message.octets())) }
  }
}

extension Message {
  /// True if the header holds octets above 127. If the header does not end in `head`, all of `head` counts as the
  /// header.
  var hasEightBitHeader: Bool {
    let end = head.firstRange(of: [0x0D, 0x0A, 0x0D, 0x0A])?.lowerBound ?? head.count
    return head[..<end].contains { $0 >= 0x80 }
  }
}
