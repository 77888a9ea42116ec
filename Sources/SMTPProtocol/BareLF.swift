/// Makes a message of which all lines end in a bare LF one of SMTP. Python's smtplib stuffs the dots of such a message
/// behind each LF, as if it were a line end, so they are unstuffed here.
enum BareLF {
  /// - Parameter message: ends in CRLF; the dot of its first line is unstuffed already.
  /// - Returns: the message with CRLF everywhere, or nil when a line begins with a single dot: nobody who takes LF for a
  ///   line end sends that, so what it should mean is unclear, and unclear content is refused.
  static func normalized(_ message: [UInt8]) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(message.count + message.count / 32)
    var start = message.startIndex
    while start < message.endIndex {
      let end = message[start...].firstIndex(of: 0x0A) ?? message.endIndex
      var line = message[start..<end]
      if line.last == 0x0D { line.removeLast() }
      if start > message.startIndex, line.first == UInt8(ascii: ".") {
        line.removeFirst()
        guard line.first == UInt8(ascii: ".") else { return nil }
      }
      result.append(contentsOf: line)
      result.append(0x0D)
      result.append(0x0A)
      start = end + 1
    }
    return result
  }
}
