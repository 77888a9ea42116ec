import CZlib

/// Octets made smaller in the zlib format (RFC 1950), which carries a checksum of what it holds.
enum Deflate {
  /// Nothing of ours is larger; a length in a damaged database must not fill the memory.
  static let most = 16 << 20

  /// Nil when it fails, or when less than a tenth is saved: then the octets had better stay as they are.
  static func deflated(_ octets: [UInt8]) -> [UInt8]? {
    guard octets.count <= most else { return nil }
    let room = octets.count - octets.count / 10
    return filled(octets, room: room) { source, target, count in
      compress2(target, count, source, uLong(octets.count), Z_DEFAULT_COMPRESSION)
    }
  }

  /// What was deflated from `count` octets; nil when it is damaged.
  static func inflated(_ octets: [UInt8], to count: Int) -> [UInt8]? {
    guard (0...most).contains(count) else { return nil }
    let whole = filled(octets, room: count) { source, target, room in
      uncompress(target, room, source, uLong(octets.count))
    }
    return whole?.count == count ? whole : nil
  }

  private static func filled(
    _ octets: [UInt8], room: Int,
    by work: (UnsafePointer<UInt8>?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<uLong>) -> CInt
  ) -> [UInt8]? {
    var result = CInt(Z_OK)
    let filled = [UInt8](unsafeUninitializedCapacity: room) { target, used in
      var count = uLong(room)
      result = octets.withUnsafeBufferPointer { work($0.baseAddress, target.baseAddress, &count) }
      used = result == Z_OK ? Int(count) : 0
    }
    return result == Z_OK ? filled : nil
  }
}
