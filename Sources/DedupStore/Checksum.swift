/// CRC-32C (Castagnoli; RFC 3720 appendix B.4), eight octets a step: 10 kB in some microseconds.
///
/// SQLite checks nothing it reads from the database file, so each stored message carries one of these.
enum Checksum {
  static func crc32c(_ bytes: some Collection<UInt8>) -> UInt32 {
    let known = bytes.withContiguousStorageIfAvailable { crc32c(UnsafeRawBufferPointer($0)) }
    return known ?? crc32c([UInt8](bytes))
  }

  private static func crc32c(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    tables.withUnsafeBufferPointer { tables in
      var crc = ~UInt64(0) & 0xFFFF_FFFF
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
      return ~UInt32(truncatingIfNeeded: crc)
    }
  }

  /// Table k, at 256 k: what a byte does to the remainder k octets later.
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
