import DedupCore

/// Checksums over the rows that hold the sender and the recipients of a mail.
///
/// SQLite verifies nothing that it reads, and a flipped bit in the text of an address would send the mail to someone
/// else. A checksum covers the text as it is stored, together with the queue ID, so a row that moved to another mail
/// fails it. The delivery status requests of senders (RFC 3461) are not covered: damage there is no reason to hold back
/// a mail.
enum EnvelopeChecksum {
  /// Returns the checksum of the row of an entry.
  ///
  /// - Parameter texts: the sender and everything else that is fixed for the life of the entry.
  static func entry(_ id: QueueID, usesSMTPUTF8: Bool, _ texts: [String]) -> Int64 {
    value(id, texts + [usesSMTPUTF8 ? "smtputf8" : ""])
  }

  static func recipient(of id: QueueID, _ address: String) -> Int64 { value(id, [address]) }

  private static func value(_ id: QueueID, _ texts: [String]) -> Int64 {
    var checksum = Checksum()
    withUnsafeBytes(of: id.rawValue.littleEndian) { checksum.add($0) }
    for var text in texts {
      // No address holds a NUL, so no octet moves from one column to the next unnoticed.
      text.append("\0")
      text.withUTF8 { checksum.add(UnsafeRawBufferPointer($0)) }
    }
    return Int64(checksum.value)
  }
}
