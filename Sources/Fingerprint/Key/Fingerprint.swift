import COpenSSL

/// The version of the rules that made a key. Two fingerprints of different versions never compare equal, so that a new
/// rule cannot silently join errors that an older one kept apart.
package struct AlgorithmVersion: RawRepresentable, Hashable, Comparable, Sendable, Codable {
  package let rawValue: Int

  package init(rawValue: Int) { self.rawValue = rawValue }

  /// The version that `ReportReader` names errors by.
  package static let current = Algorithm.current.version

  package static func < (left: AlgorithmVersion, right: AlgorithmVersion) -> Bool { left.rawValue < right.rawValue }
}

/// The name of one error: the same for every mail that reports it, whatever the release directory, line numbers,
/// visitor or host.
package struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
  package let version: AlgorithmVersion
  /// The first 128 bits of SHA-256 over version and key, as 32 lower-case hexadecimal digits.
  package let digest: String

  /// Takes a digest as stored. Returns nil unless it has exactly 32 lower-case hexadecimal digits.
  package init?(version: AlgorithmVersion, digest: String) {
    guard digest.utf8.count == 32, digest.utf8.allSatisfy(Hex.isLowerDigit) else { return nil }
    self.version = version
    self.digest = digest
  }

  /// Reads the form that `text` prints, e.g. `1:9f3a…`. Returns nil for any other text.
  package init?(text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let number = Int(parts[0]), number > 0, String(number) == parts[0] else { return nil }
    self.init(version: AlgorithmVersion(rawValue: number), digest: String(parts[1]))
  }

  /// Digests a key. The version stands before the key, so equal keys of two versions differ.
  init(version: AlgorithmVersion, key: [UInt8]) {
    self.version = version
    digest = Digest.hex(of: Array("\(version.rawValue)\n".utf8) + key, bytes: 16)
  }

  /// The stable text that `dedupctl` prints and accepts: `<version>:<digest>`.
  package var text: String { "\(version.rawValue):\(digest)" }

  package var description: String { text }
}

enum Hex {
  static let digits: [UInt8] = Array("0123456789abcdef".utf8)

  static func isLowerDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
  }
}

package enum Digest {
  /// The SHA-256 of libcrypto, or nil if it has none. Fetched once: libcrypto looks it up under a lock each time.
  ///
  /// Safe for all threads: like every `static let` it is set before it is read, and it is never freed. `EVP_Digest`,
  /// the only function to get it, takes it as `const`, which libcrypto lets threads share (openssl-threads(7)).
  nonisolated(unsafe) private static let sha256 = EVP_MD_fetch(nil, "SHA256", nil)

  /// Returns the first `count` octets of the SHA-256 of `bytes`, in lower-case hexadecimal.
  package static func hex(of bytes: [UInt8], bytes count: Int) -> String {
    var out = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var length: UInt32 = 0
    let done = sha256 == nil ? 0 : EVP_Digest(bytes, bytes.count, &out, &length, sha256, nil)
    // Only a broken libcrypto (or its FIPS refusal) fails here, and SHA-256 is always allowed. A constant digest would
    // join every error into one and hide all but the first, so stop instead.
    precondition(done == 1 && length >= count, "SHA-256 is not available in libcrypto")
    var text: [UInt8] = []
    text.reserveCapacity(2 * count)
    for byte in out.prefix(count) {
      text.append(Hex.digits[Int(byte >> 4)])
      text.append(Hex.digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
