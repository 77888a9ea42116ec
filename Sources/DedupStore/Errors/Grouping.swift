import DedupCore

/// The admin's decisions on which mails are one error.
enum Grouping {
  /// Returns a key that tells apart all mails that may belong to different rows.
  static func key(of occurrence: Occurrence) -> String { "\(occurrence.fingerprint)\u{1F}\(occurrence.variant)" }

  /// Returns the name of a variant of an error that was split: the same version, with a digest of its own (FNV-1a, 64
  /// bits), so that users can name it by its first digits.
  static func part(of fingerprint: String, _ variant: String) -> String {
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in "\(fingerprint)\u{1F}\(variant)".utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let digits = String(digest, radix: 16)
    let version = fingerprint.prefix { $0 != ":" }
    return "\(version):\(String(repeating: "0", count: 16 - digits.utf8.count))\(digits)"
  }
}
