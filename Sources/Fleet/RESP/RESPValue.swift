/// A reply of the engine in RESP2, the protocol of Valkey and Redis.
package enum RESPValue: Hashable, Sendable {
  /// A status such as `OK`.
  case simple(String)
  /// An error: a word in capitals, a blank and a text, as in `NOSCRIPT No matching script`.
  case error(String)
  case integer(Int64)
  /// Octets, or nil if there is nothing.
  case bulk([UInt8]?)
  /// Values, or nil if there are none.
  case array([RESPValue]?)

  /// The octets of a status or a bulk as text; ill-formed UTF-8 is mended. Nil for other values.
  package var text: String? {
    switch self {
    case .simple(let text): text
    case .bulk(let octets?): String(decoding: octets, as: UTF8.self)
    case .bulk(nil), .error, .integer, .array: nil
    }
  }

  /// The number of an integer, or of a text that is one.
  package var number: Int64? {
    if case .integer(let number) = self { return number }
    return text.flatMap { Int64($0) }
  }

  package var items: [RESPValue]? {
    if case .array(let items) = self { items } else { nil }
  }

  /// The pairs of a flat list `name, value, name, value`; nil if it is none.
  package var pairs: [(name: String, value: RESPValue)]? {
    guard let items, items.count.isMultiple(of: 2) else { return nil }
    var pairs: [(String, RESPValue)] = []
    for index in stride(from: 0, to: items.count, by: 2) {
      guard let name = items[index].text else { return nil }
      pairs.append((name, items[index + 1]))
    }
    return pairs
  }
}

/// A command to the engine in RESP2: a list of bulk strings.
package enum RESPCommand {
  package static func octets(_ words: [String]) -> [UInt8] {
    var octets: [UInt8] = Array("*\(words.count)\r\n".utf8)
    for word in words {
      octets += "$\(word.utf8.count)\r\n".utf8
      octets += word.utf8
      octets += [0x0D, 0x0A]
    }
    return octets
  }
}
