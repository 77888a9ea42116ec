/// Edits the header of a raw message and nothing else: the result is the given bytes with a few more in between. The
/// body is never touched. The readers here are for text derived from the header of another mail.
package enum HeaderEdit {
  /// The octets from the start of a message in which its header is searched if the whole is not in memory.
  package static let longestHeader = 256 * 1024

  /// Octets to be inserted into a message, before the octet at `position`.
  package struct Insertion: Hashable, Sendable {
    package var position: Int
    package var octets: [UInt8]
  }

  /// Returns the insertion that puts `prefix` before the text of the Subject; nil if nothing is to be changed:
  ///
  ///     Subject: [Django] ERROR: Internal Server Error
  ///
  /// becomes, with the old value as a folded line of its own so that its encoded words and folds stay as they are,
  ///
  ///     Subject: [100x 4cd8fd73]
  ///      [Django] ERROR: Internal Server Error
  ///
  /// Only the first Subject counts. A mail without one gets one, unless it has no header at all. Signed mail keeps its
  /// Subject: a changed one would break the signature (RFC 6376 section 5.4 signs it nearly always) or look forged.
  ///
  /// - Parameters:
  ///   - message: at least the header of the message.
  ///   - prefix: printable ASCII; anything else becomes a space. Cut after 200 octets.
  package static func subjectPrefix(_ prefix: String, in message: [UInt8]) -> Insertion? {
    let scan = HeaderScan(message)
    let prefix = printable(prefix)
    guard !prefix.isEmpty, !isSigned(scan, message) else { return nil }
    guard let subject = scan.fields.first(where: { name(of: $0, message) == "subject" }) else {
      guard scan.takesFields else { return nil }
      return Insertion(position: scan.top, octets: Array("Subject: ".utf8) + prefix + scan.lineEnd)
    }
    return Insertion(
      position: subject.value.lowerBound, octets: inserted(prefix, before: subject.value, message, scan))
  }

  /// Returns the header of `message` with the line end of its last field, without the empty line that ends it.
  package static func header(of message: [UInt8]) -> ArraySlice<UInt8> { message[..<HeaderScan(message).end] }

  /// Returns the text of the first field called `name` (lower case), unfolded and decoded; nil if there is none.
  package static func text(of name: String, in message: [UInt8]) -> String? {
    guard let field = HeaderScan(message).fields.first(where: { self.name(of: $0, message) == name }) else {
      return nil
    }
    return String(decoding: EncodedWord.decode(message.span, field.value), as: UTF8.self)
  }

  /// Returns true if `message` has a field of one of these names (lower case).
  package static func contains(anyOf names: [String], in message: [UInt8]) -> Bool {
    HeaderScan(message).fields.contains { names.contains(name(of: $0, message)) }
  }

  /// Returns `message` with the values that `change` gives for its fields (names in lower case); nil removes the field.
  /// Values that are returned unchanged keep their octets, and so does the body.
  package static func rewriting(
    _ message: [UInt8], _ change: (_ name: String, _ value: ArraySlice<UInt8>) -> ArraySlice<UInt8>?
  ) -> [UInt8] {
    let scan = HeaderScan(message)
    var result = Array(message[..<(scan.fields.first?.name.lowerBound ?? scan.end)])
    for (index, field) in scan.fields.enumerated() {
      let next = index + 1 < scan.fields.count ? scan.fields[index + 1].name.lowerBound : scan.end
      guard let value = change(name(of: field, message), message[field.value]) else { continue }
      result += message[field.name.lowerBound..<field.value.lowerBound]
      result += value
      result += message[field.value.upperBound..<next]
    }
    return result + message[scan.end...]
  }

  private static func inserted(
    _ prefix: [UInt8], before value: Range<Int>, _ message: [UInt8], _ scan: HeaderScan
  ) -> [UInt8] {
    let firstLine = message[value].prefix { $0 != 0x0A && $0 != 0x0D }
    let start = [0x20] + prefix
    // If the first line is empty, a fold of ours would leave a line of white space, which some take for the end of the
    // header.
    if firstLine.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { return start }
    let isSpaced = firstLine.first == 0x20 || firstLine.first == 0x09
    return start + scan.lineEnd + (isSpaced ? [] : [0x20])
  }

  private static func printable(_ text: String) -> [UInt8] {
    text.utf8.prefix(200).map { (0x20...0x7E).contains($0) ? $0 : 0x20 }
  }
}

extension HeaderEdit {
  /// Returns true if the message carries a signature that a change of its octets would harm: DKIM and its forerunner,
  /// S/MIME, OpenPGP.
  ///
  /// - Parameter message: at least the header of the message.
  package static func isSigned(_ message: [UInt8]) -> Bool { isSigned(HeaderScan(message), message) }

  /// Returns true if a changed Subject would harm a signature: DKIM and its forerunner, S/MIME, OpenPGP.
  private static func isSigned(_ scan: HeaderScan, _ message: [UInt8]) -> Bool {
    scan.fields.contains { field in
      switch name(of: field, message) {
      case "dkim-signature", "domainkey-signature", "arc-message-signature": true
      case "content-type": isSignedType(mediaType(message[field.value]))
      default: false
      }
    }
  }

  private static func isSignedType(_ type: String) -> Bool {
    // RFC 1847, RFC 8551, RFC 3156; x-pkcs7-mime is what older Outlook writes.
    ["multipart/signed", "multipart/encrypted", "application/pkcs7-", "application/x-pkcs7-", "application/pgp"]
      .contains { type.hasPrefix($0) }
  }

  /// Returns true if only its recipients can read the mail. S/MIME uses one type for signed and for encrypted mail; if
  /// the parameter that tells them apart is missing, the mail counts as readable.
  static func isEncrypted(_ scan: HeaderScan, _ message: [UInt8]) -> Bool {
    guard let field = scan.fields.first(where: { name(of: $0, message) == "content-type" }) else { return false }
    let type = mediaType(message[field.value])
    if type == "multipart/encrypted" || type == "application/pgp-encrypted" { return true }
    guard type == "application/pkcs7-mime" || type == "application/x-pkcs7-mime" else { return false }
    let value = message[field.value].filter { $0 > 0x20 && $0 != UInt8(ascii: "\"") }
    let parameters = String(decoding: value, as: UTF8.self).lowercased().split(separator: ";")
    return parameters.contains("smime-type=enveloped-data") || parameters.contains("smime-type=authenveloped-data")
  }

  private static func name(of field: HeaderScan.Field, _ message: [UInt8]) -> String {
    String(decoding: message[field.name], as: UTF8.self).lowercased()
  }

  /// Returns `type/subtype` in lower case; comments and white space around it are dropped.
  private static func mediaType(_ value: ArraySlice<UInt8>) -> String {
    var depth = 0
    var type: [UInt8] = []
    for byte in value {
      switch byte {
      case UInt8(ascii: "("): depth += 1
      case UInt8(ascii: ")"): depth = max(0, depth - 1)
      case UInt8(ascii: ";") where depth == 0: return String(decoding: type, as: UTF8.self).lowercased()
      case 0...0x20: break
      default: if depth == 0, type.count < 100 { type.append(byte) }
      }
    }
    return String(decoding: type, as: UTF8.self).lowercased()
  }
}
