import DedupConfig
import DedupCore
import Dispatch
import HostSystem
import MailEncryption
import MailMessage
import RelayMail

/// The encryption of mail about errors to the certificates of the admins, just before it is sent.
///
/// The setting decides between two risks. With `refuse`, nothing that may hold secrets is ever sent in clear:
/// certificates that cannot be used refuse the start, mail is still encrypted to one that expires later (its owner most
/// likely still has the key), and a mail that cannot be encrypted waits. With `clear`, no mail is ever unreadable: as
/// long as one certificate cannot be used, mail is sent in clear, for that certificate's owner too, and says so.
struct ErrorMailEncryption: Sendable {
  /// A certificate with the file it comes from.
  struct Recipient: Hashable {
    var file: String
    var certificate: RecipientCertificate
  }

  let recipients: [Recipient]
  /// The faults of the files, whatever the date: one line each.
  private let faults: [String]
  /// The oddities: what works and is probably not meant, one line each.
  private let oddities: [String]
  private let settings: Configuration.Encryption
  private let largeMessages: (any LargeMessages)?
  /// The queue for encryption. It takes one mail at a time, so that memory does not grow with their number, and keeps
  /// reading files off the event loops.
  private let queue = DispatchQueue(label: "maildedup.encryption")

  /// The time before the end of a certificate from which the admin is warned.
  private static let notice = Duration.seconds(30 * 86_400)
  /// The largest envelope in octets that stays in memory; larger ones go to `largeMessages`.
  private static let mostInMemory = 256 << 10

  /// An instance that encrypts nothing.
  static let off = ErrorMailEncryption()

  private init() { (recipients, faults, oddities, settings, largeMessages) = ([], [], [], .init(), nil) }

  /// Reads the certificates of the configuration.
  ///
  /// - Parameters:
  ///   - largeMessages: The place where large encrypted mails wait for the next hop.
  ///   - now: The time at which the certificates have to be valid.
  /// - Throws: `StartFailure` if a certificate cannot be used and the settings say `refuse`.
  init(
    _ settings: Configuration.Encryption, largeMessages: (any LargeMessages)? = nil, now: Timestamp
  ) throws(StartFailure) {
    var (recipients, faults, oddities) = ([Recipient](), [String](), [String]())
    for path in settings.certificates {
      do {
        let octets = try FileBytes.read(path)
        recipients += try CertificateFile.certificates(in: octets).map { Recipient(file: path, certificate: $0) }
        if CertificateFile.holdsPrivateKey(octets) {
          oddities.append("\(path) holds a private key too: keep that off this machine, with its owner only")
        }
      } catch {
        faults.append("\(path): \(error)")
      }
    }
    (self.recipients, self.faults, self.oddities) = (recipients, faults, oddities)
    (self.settings, self.largeMessages) = (settings, largeMessages)
    let problems = problems(at: now)
    guard settings.whenUnusable == .clear || problems.isEmpty else {
      let remedy = "; replace it, take it off the list, or set when-unusable = clear"
      let lines = problems.map { "encryption.certificates: \($0)\(remedy)" }
      throw StartFailure(.configuration, lines.joined(separator: "\n"))
    }
  }
}

extension ErrorMailEncryption {
  /// Returns why certificates cannot be used at `now`, a line for each.
  func problems(at now: Timestamp) -> [String] {
    faults
      + recipients.compactMap { recipient in
        recipient.certificate.fault(at: now).map { "\(recipient.name) \($0)" }
      }
  }

  /// Returns what the admin should fix before it becomes a problem, a line for each.
  func warnings(at now: Timestamp) -> [String] {
    let ending = recipients.filter { recipient in
      recipient.certificate.fault(at: now) == nil && recipient.certificate.validUntil.since(now) <= Self.notice
    }
    return oddities + ending.map { "\($0.name) expires on \($0.certificate.validUntil.civil().date); renew it in time" }
  }

  /// Returns why error mail is sent in clear at `now` although certificates are configured, or nil if it is not.
  func reasonForClear(at now: Timestamp) -> String? {
    settings.whenUnusable == .clear ? problems(at: now).first : nil
  }

  var isOn: Bool { !settings.certificates.isEmpty }
}

extension ErrorMailEncryption {
  /// Returns the form of `message` that is handed to the next hop. After a failure, the mail stays undelivered for now.
  func outgoing(
    _ message: Message, _ kind: QueueEntry.Kind, now: Timestamp = WallClock.now()
  ) async -> Result<Message, EncryptionFailure> {
    guard isOn, kind.mayHoldSecrets else { return .success(message) }
    if let reason = reasonForClear(at: now) { return .success(Self.clear(message, because: reason)) }
    let result = await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: encrypted(message, kind)) }
    }
    guard case .failure(let failure) = result, settings.whenUnusable == .clear else { return result }
    return .success(Self.clear(message, because: failure.description))
  }

  /// Returns the message in clear, with the reason where its reader finds it.
  private static func clear(_ message: Message, because reason: String) -> Message {
    message.prepending(HeaderWriter.text("X-MailDedup-Not-Encrypted", reason))
  }

  /// Encrypts the message. Blocks.
  private func encrypted(_ message: Message, _ kind: QueueEntry.Kind) -> Result<Message, EncryptionFailure> {
    do {
      guard let mail = try enveloped(message, kind) else { return .success(message) }
      let envelope = try CMSEnvelope.base64(mail.content, for: recipients.map(\.certificate))
      return .success(aside(mail.message(around: envelope)))
    } catch {
      return .failure(error as? EncryptionFailure ?? EncryptionFailure("it cannot be read: \(error)"))
    }
  }

  /// Returns the mail to be enveloped, or nil if it is encrypted already.
  private func enveloped(_ message: Message, _ kind: QueueEntry.Kind) throws -> EnvelopedMail? {
    let octets = try message.octets()
    return EnvelopedMail(octets, hidingSubjectBehind: settings.hidesSubject ? kind.neutralSubject(of: octets) : nil)
  }

  /// Moves a large message out of memory while it waits for the next hop, if the disk takes it.
  private func aside(_ octets: [UInt8]) -> Message {
    guard octets.count > Self.mostInMemory, let file = largeMessages?.begin() else { return Message(octets) }
    do {
      try file.append(octets)
      return try file.finish()
    } catch {
      return Message(octets)
    }
  }
}

extension ErrorMailEncryption.Recipient {
  /// The file and the subject, e.g. `/etc/maildedup/anna.pem: the certificate of CN=Anna`.
  fileprivate var name: String {
    "\(file): the certificate " + (certificate.subject.isEmpty ? "without a name" : "of \(certificate.subject)")
  }
}
