/// The place of a Valkey or Redis, as `[fleet] engine` writes it.
///
/// | text | meaning |
/// |---|---|
/// | `redis://host:6379/0` | a server over TCP, and the number of the database |
/// | `rediss://host:6379/0` | the same over verified TLS |
/// | `unix:///run/redis/redis.sock?db=0` | a Unix socket |
/// | `sentinel://one:26379,two:26379/NAME/0` | the primary that Sentinels know by this name |
/// | `sentinels://…` | the same over verified TLS, the Sentinels too |
package struct EngineAddress: Hashable, Sendable, CustomStringConvertible {
  package enum Place: Hashable, Sendable {
    case host(String, port: Int)
    case socket(path: String)
    /// The Sentinels to ask, in this order, and the name of the primary.
    case sentinels([Node], primary: String)
  }

  /// A host and a port.
  package struct Node: Hashable, Sendable {
    package var host: String
    package var port: Int

    package init(host: String, port: Int) { (self.host, self.port) = (host, port) }
  }

  package var place: Place
  package var usesTLS: Bool
  package var database: Int

  package init(_ place: Place, usesTLS: Bool = false, database: Int = 0) {
    (self.place, self.usesTLS, self.database) = (place, usesTLS, database)
  }

  /// Reads an address; nil if the text is none. A password has no place in it.
  package init?(_ text: String) {
    guard let colon = text.firstRange(of: "://"), !text.contains("@"), text.utf8.count <= 1000 else { return nil }
    let rest = text[colon.upperBound...]
    switch text[..<colon.lowerBound] {
    case "redis": self.init(server: rest, usesTLS: false)
    case "rediss": self.init(server: rest, usesTLS: true)
    case "unix": self.init(socket: rest)
    case "sentinel": self.init(sentinels: rest, usesTLS: false)
    case "sentinels": self.init(sentinels: rest, usesTLS: true)
    default: return nil
    }
  }

  private init?(server text: Substring, usesTLS: Bool) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let node = parts.first.flatMap({ Node($0, usual: 6379) }),
      let database = Self.database(parts.dropFirst().first)
    else { return nil }
    self.init(.host(node.host, port: node.port), usesTLS: usesTLS, database: database)
  }

  private init?(socket text: Substring) {
    let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    guard let path = parts.first, path.hasPrefix("/"), path.utf8.count <= 107 else { return nil }
    guard parts.count == 2 else {
      self.init(.socket(path: String(path)))
      return
    }
    guard parts[1].hasPrefix("db="), let database = Self.database(parts[1].dropFirst(3)) else { return nil }
    self.init(.socket(path: String(path)), database: database)
  }

  private init?(sentinels text: Substring, usesTLS: Bool) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), !parts[1].isEmpty,
      let database = Self.database(parts.dropFirst(2).first)
    else { return nil }
    let nodes = parts[0].split(separator: ",", omittingEmptySubsequences: false).map { Node($0, usual: 26379) }
    let known = nodes.compactMap(\.self)
    guard known.count == nodes.count, known.count <= 20 else { return nil }
    self.init(.sentinels(known, primary: String(parts[1])), usesTLS: usesTLS, database: database)
  }

  private static func database(_ text: Substring?) -> Int? {
    guard let text, !text.isEmpty else { return 0 }
    guard text.utf8.count <= 5, let number = Int(text), number >= 0 else { return nil }
    return number
  }

  /// True if what is said to it stays on this machine.
  package var isLocal: Bool {
    switch place {
    case .socket: true
    case .host(let host, _): host == "localhost" || host == "::1" || host.hasPrefix("127.")
    case .sentinels: false
    }
  }

  package var description: String {
    let scheme: String
    switch place {
    case .socket(let path): return "unix://\(path)" + (database == 0 ? "" : "?db=\(database)")
    case .host(let host, let port):
      scheme = usesTLS ? "rediss" : "redis"
      return "\(scheme)://\(Node(host: host, port: port))/\(database)"
    case .sentinels(let nodes, let primary):
      scheme = usesTLS ? "sentinels" : "sentinel"
      return "\(scheme)://\(nodes.map(\.description).joined(separator: ","))/\(primary)/\(database)"
    }
  }
}

extension EngineAddress.Node: CustomStringConvertible {
  /// Reads `host:port`, `[::1]:port`, or a host with the usual port; nil if the text is neither.
  fileprivate init?(_ text: Substring, usual: Int) {
    var (host, port) = (text, Substring(String(usual)))
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else { return nil }
      host = text[text.index(after: text.startIndex)..<end]
      let rest = text[text.index(after: end)...]
      guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
      if !rest.isEmpty { port = rest.dropFirst() }
    } else if let colon = text.lastIndex(of: ":") {
      (host, port) = (text[..<colon], text[text.index(after: colon)...])
      guard !host.contains(":") else { return nil }
    }
    let allowed = host.unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || "0123456789.-_:%".unicodeScalars.contains($0))
    }
    guard !host.isEmpty, allowed, let number = Int(port), (1...65_535).contains(number) else { return nil }
    self.init(host: String(host), port: number)
  }

  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
