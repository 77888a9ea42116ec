package import DedupCore
import Glibc
package import MailMessage

/// Delivers into a Maildir: writes the mail to `tmp`, syncs it, renames it into `new` and syncs that folder
/// (https://cr.yp.to/proto/maildir.html).
///
/// The file name is made of the queue id, so that a delivery repeated after a crash replaces the first one instead of
/// arriving twice.
package struct MaildirTransport: Transport {
  private let path: String
  private let host: String

  /// - Parameters:
  ///   - path: the path of the Maildir, which is created if it does not exist.
  ///   - host: the host name in the file names.
  package init(path: String, host: String) {
    self.path = path
    self.host = host
  }

  package var nextHop: String { "maildir \(path)" }

  package func deliver(_ envelope: Envelope, message: Message, id: QueueID) async -> DeliveryResult {
    // This blocks, which the caller's thread must not.
    let outcome = await withTaskExecutorPreference(globalConcurrentExecutor) {
      store(header(for: envelope), message, id)
    }
    return DeliveryResult(envelope.recipients.map { _ in outcome }, nextHop: nextHop)
  }

  package func probe(_ question: ProbeQuestion) async -> [Probe] {
    let start = ContinuousClock.now
    var failure: String?
    do throws(Failure) {
      try makeFolders()
      guard access("\(path)/new", W_OK | X_OK) == 0 else { throw Failure("write to", "\(path)/new") }
      try writeTrial()
    } catch {
      failure = error.description
    }
    let steps = failure == nil ? ["its folders can be written to"] : []
    return [Probe(nextHop: nextHop, steps: steps, failure: failure, took: start.duration(to: .now))]
  }

  /// A few KiB, synced: a full disk lets folders look as if they could be written to.
  private func writeTrial() throws(Failure) {
    let file = "\(path)/tmp/trial-\(getpid()).\(host.filter { $0 != "/" && $0 != ":" })"
    defer { unlink(file) }
    try write(Message([UInt8](repeating: 0x6D, count: 16 << 10)), to: file)
  }

  private func makeFolders() throws(Failure) {
    for folder in ["", "/tmp", "/new", "/cur"] { try makeFolder(path + folder) }
  }

  /// Returns the header to prepend: a Maildir has no envelope, and RFC 5321 section 4.4 has the final delivery write
  /// the reverse-path into the message.
  private func header(for envelope: Envelope) -> [UInt8] {
    let recipients = envelope.recipients.map { "Delivered-To: \($0)\r\n" }.joined()
    return Array("Return-Path: <\(envelope.sender)>\r\n\(recipients)".utf8)
  }

  private func store(_ header: [UInt8], _ message: Message, _ id: QueueID) -> DeliveryOutcome {
    do throws(Failure) {
      try makeFolders()
      let name = "\(id).\(host.filter { $0 != "/" && $0 != ":" })"
      try write(message.prepending(header), to: "\(path)/tmp/\(name)")
      try publish(name)
      return .delivered(reply: "stored as \(path)/new/\(name)", handover: .mailbox)
    } catch {
      return .deferred(reason: error.description)
    }
  }

  private func makeFolder(_ folder: String) throws(Failure) {
    guard mkdir(folder, 0o700) != 0, errno != EEXIST else { return }
    if errno == ENOENT, let parent = folder.lastIndex(of: "/"), parent != folder.startIndex {
      try makeFolder(String(folder[..<parent]))
      guard mkdir(folder, 0o700) != 0, errno != EEXIST else { return }
    }
    throw Failure("create", folder)
  }

  private func write(_ message: Message, to file: String) throws(Failure) {
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Failure("create", file) }
    defer { close(descriptor) }
    do { try message.forEachPiece { try Self.write($0, to: descriptor, file) } } catch {
      throw error as? Failure ?? Failure(description: "cannot read the message: \(error)")
    }
    guard fsync(descriptor) == 0 else { throw Failure("sync", file) }
  }

  private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt, _ file: String) throws {
    var written = 0
    while written < bytes.count {
      let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw Failure("write", file) }
      written += count
    }
  }

  private func publish(_ name: String) throws(Failure) {
    guard rename("\(path)/tmp/\(name)", "\(path)/new/\(name)") == 0 else {
      throw Failure("rename", "\(path)/tmp/\(name)")
    }
    let folder = open("\(path)/new", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw Failure("open", "\(path)/new") }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw Failure("sync", "\(path)/new") }
  }

  private struct Failure: Error, CustomStringConvertible {
    let description: String

    init(description: String) { self.description = description }

    init(_ verb: String, _ path: String) {
      description = "cannot \(verb) \(path): \(String(cString: strerror(errno)))"
    }
  }
}
