import CChecksum

/// CRC-32C (Castagnoli; RFC 3720 appendix B.4), computed by the processor's instruction for it, or else by tables,
/// eight octets per step.
///
/// SQLite verifies nothing that it reads from the database file, so each stored message carries one of these checksums.
struct Checksum: Hashable, Sendable {
  private var remainder = UInt32.max

  /// The checksum of the octets added so far.
  var value: UInt32 { ~remainder }

  private static let hasInstruction = crc32c_has_instruction() != 0

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    guard Self.hasInstruction else { return addByTables(bytes) }
    remainder = crc32c_instruction(remainder, bytes.baseAddress, bytes.count)
  }

  /// Adds `bytes` without the processor's instruction.
  mutating func addByTables(_ bytes: UnsafeRawBufferPointer) {
    Self.tables.withUnsafeBufferPointer { tables in
      var crc = UInt64(remainder)
      var position = 0
      while position + 8 <= bytes.count {
        let word = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self).littleEndian ^ crc
        var next: UInt32 = 0
        for byte in 0..<8 {
          next ^= tables[(7 - byte) << 8 | Int(truncatingIfNeeded: word >> UInt64(byte << 3) & 0xFF)]
        }
        crc = UInt64(next)
        position += 8
      }
      while position < bytes.count {
        crc = UInt64(tables[Int((crc ^ UInt64(bytes[position])) & 0xFF)]) ^ crc >> 8
        position += 1
      }
      remainder = UInt32(truncatingIfNeeded: crc)
    }
  }

  static func crc32c(_ bytes: some Collection<UInt8>) -> UInt32 {
    var checksum = Checksum()
    let wasTaken: Void? = bytes.withContiguousStorageIfAvailable { checksum.add(UnsafeRawBufferPointer($0)) }
    if wasTaken == nil { Array(bytes).withUnsafeBytes { checksum.add($0) } }
    return checksum.value
  }

  /// The lookup tables. Table k starts at 256 k and says what a byte does to the remainder k octets later.
  private static let tables: [UInt32] = {
    var tables = (0..<256).map { byte -> UInt32 in
      (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
    }
    for index in 256..<2048 {
      let previous = tables[index - 256]
      tables.append(tables[Int(previous & 0xFF)] ^ previous >> 8)
    }
    return tables
  }()
}

// Checksums of octets that are not at hand. A CRC is a remainder of polynomials over GF(2): octets that follow others
// multiply the remainder of those by a power of x.
extension Checksum {
  /// The checksum of octets with the checksum `first`, followed by `count` octets with the checksum `second`.
  static func joined(_ first: UInt32, _ second: UInt32, count: Int) -> UInt32 { shifted(first, by: count) ^ second }

  /// The checksum of the last `count` octets of data whose checksum is `whole` and whose first octets have the checksum
  /// `first`.
  static func rest(of whole: UInt32, behind first: UInt32, count: Int) -> UInt32 {
    whole ^ shifted(first, by: count)
  }

  /// Returns `remainder` times x to the power of 8 times `count`.
  private static func shifted(_ remainder: UInt32, by count: Int) -> UInt32 {
    var result = remainder
    // x^8; bits are reflected, so the highest one is x^0.
    var power: UInt32 = 1 << 23
    var left = count
    while left > 0 {
      if left & 1 == 1 { result = product(result, power) }
      power = product(power, power)
      left >>= 1
    }
    return result
  }

  private static func product(_ a: UInt32, _ b: UInt32) -> UInt32 {
    var result: UInt32 = 0
    var b = b
    for bit in (0..<32).reversed() {
      if a >> UInt32(bit) & 1 == 1 { result ^= b }
      b = b & 1 == 1 ? b >> 1 ^ 0x82F6_3B78 : b >> 1
    }
    return result
  }
}
