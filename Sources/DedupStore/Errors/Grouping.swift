import DedupCore

/// What the admin says about which mails are one error.
enum Grouping {
  /// Tells apart whatever may stand in different rows.
  static func key(of occurrence: Occurrence) -> String { "\(occurrence.fingerprint)\u{1F}\(occurrence.variant)" }

  /// What one variant of an error is called that was split: of the same version, with a digest of its own (FNV-1a, 64
  /// bits), so that people can name it by its first digits.
  static func part(of fingerprint: String, _ variant: String) -> String {
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in "\(fingerprint)\u{1F}\(variant)".utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let digits = String(digest, radix: 16)
    let version = fingerprint.prefix { $0 != ":" }
    return "\(version):\(String(repeating: "0", count: 16 - digits.utf8.count))\(digits)"
  }
}
