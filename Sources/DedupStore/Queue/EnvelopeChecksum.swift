import DedupCore

/// Checksums over the rows that say to whom a mail goes and from whom it comes.
///
/// SQLite checks nothing that it reads, and a bit that flips in the text of an address would send the mail to somebody
/// else. What they cover is the text as it is stored, with the queue id: a row that moved to another mail is none of it.
/// What senders want to be told is left out: a mail is not kept back for that.
enum EnvelopeChecksum {
  /// - Parameter texts: the sender and whatever else is fixed for the life of the entry.
  static func entry(_ id: QueueID, usesSMTPUTF8: Bool, _ texts: [String]) -> Int64 {
    value(id, texts + [usesSMTPUTF8 ? "smtputf8" : ""])
  }

  static func recipient(of id: QueueID, _ address: String) -> Int64 { value(id, [address]) }

  private static func value(_ id: QueueID, _ texts: [String]) -> Int64 {
    var checksum = Checksum()
    withUnsafeBytes(of: id.rawValue.littleEndian) { checksum.add($0) }
    for var text in texts {
      // No address holds a NUL: no octet moves from one column to the next unnoticed.
      text.append("\0")
      text.withUTF8 { checksum.add(UnsafeRawBufferPointer($0)) }
    }
    return Int64(checksum.value)
  }
}
