import Glibc

/// The name by which the machine introduces itself: in the greeting, in EHLO, in `Received:`.
package enum HostName {
  /// Returns the fully qualified name if the resolver knows one, else the result of `gethostname`, else `localhost`.
  package static func current() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    let short = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    if short.contains(".") { return short }
    return qualified(short) ?? (short.isEmpty ? "localhost" : short)
  }

  private static func qualified(_ name: String) -> String? {
    var hints = addrinfo()
    hints.ai_flags = AI_CANONNAME
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(name, nil, &hints, &found) == 0, let first = found else { return nil }
    defer { freeaddrinfo(first) }
    guard let canonical = first.pointee.ai_canonname else { return nil }
    let text = String(cString: canonical)
    return text.contains(".") ? text : nil
  }
}
