import CCrypt

/// A password hash of crypt(3), as `mkpasswd` and `openssl passwd` write it: `$6$…` (SHA-512), `$5$…` (SHA-256) or
/// `$y$…` (yescrypt).
struct PasswordHash: Hashable, Sendable {
  private let text: String

  /// Creates a hash, or returns nil for other formats: DES and MD5 hashes are cracked in no time.
  init?(_ text: String) {
    guard Self.prefixes.contains(where: text.hasPrefix), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
      // A salt alone is no hash: it would match nothing or, if a line is broken, everything.
      let end = text.lastIndex(of: "$"), text.utf8.count(of: UInt8(ascii: "$")) >= 3,
      text[end...].utf8.count == Self.digestLength(text) + 1
    else { return nil }
    self.text = text
  }

  /// The prefixes of the accepted hash formats.
  static let prefixes = ["$6$", "$5$", "$y$"]

  /// The number of characters after the last `$`: 86 for SHA-512, 43 for the others (crypt(5)).
  private static func digestLength(_ text: String) -> Int { text.hasPrefix("$6$") ? 86 : 43 }

  /// True if `password` is the hashed password. The hash takes some milliseconds by design; the comparison takes the
  /// same time whatever the difference.
  func matches(_ password: [UInt8]) -> Bool {
    guard let computed = Self.crypt(password, setting: text) else { return false }
    let expected = Array(text.utf8)
    guard computed.count == expected.count else { return false }
    var difference: UInt8 = 0
    for (one, other) in zip(computed, expected) { difference |= one ^ other }
    return difference == 0
  }

  /// Returns the hash, or nil if crypt refuses the setting or the password holds a NUL, where C would cut it.
  private static func crypt(_ password: [UInt8], setting: String) -> [UInt8]? {
    guard !password.contains(0) else { return nil }
    let phrase = (password + [0]).map { CChar(bitPattern: $0) }
    // 32 KiB, too much for a thread's stack.
    let scratch = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
    scratch.initialize(to: crypt_data())
    defer { scratch.deallocate() }
    let size = Int32(MemoryLayout<crypt_data>.size)
    // On failure crypt_rn returns NULL, whereas crypt_r returns a text that could be taken for a hash.
    guard let result = crypt_rn(phrase, setting, scratch, size) else { return nil }
    return Array(UnsafeBufferPointer(start: result, count: Self.length(of: result))).map(UInt8.init(bitPattern:))
  }

  private static func length(of text: UnsafePointer<CChar>) -> Int {
    var length = 0
    while text[length] != 0 { length += 1 }
    return length
  }
}

extension Sequence<UInt8> {
  fileprivate func count(of octet: UInt8) -> Int { count { $0 == octet } }
}
