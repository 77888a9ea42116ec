import CZlib

/// Compression of octets in the zlib format (RFC 1950), which includes a checksum of the content.
enum Deflate {
  /// The maximum number of octets. We have nothing larger, and a length in a damaged database must not fill the memory.
  static let most = 16 << 20

  /// Returns the deflated octets; nil if it fails or saves less than a tenth: then the octets are better left as they
  /// are.
  static func deflated(_ octets: [UInt8]) -> [UInt8]? {
    guard octets.count <= most else { return nil }
    let room = octets.count - octets.count / 10
    return filled(octets, room: room) { source, target, count in
      compress2(target, count, source, uLong(octets.count), Z_DEFAULT_COMPRESSION)
    }
  }

  /// Returns the original `count` octets; nil if the data is damaged.
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
