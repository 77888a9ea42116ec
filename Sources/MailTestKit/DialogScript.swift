import MailMessage
package import SMTPProtocol

/// A conversation with an SMTP server from a file, one situation per file. Anyone can add one:
///
/// ```
/// # What the dialogue shows, in a sentence.
/// @limit messageSize 1000       a limit of the session
/// @accept 451 4.3.0 Later       the reply to every complete transaction (default: 250 2.0.0 Accepted)
/// @policy starttls              there is a certificate; the handshake is assumed to succeed
/// @policy auth                  the user `anna` with the password `secret`, inside TLS; `auth-always`: anywhere
/// @policy mends                 NUL, bare CRs and mixed line ends are repaired
/// @policy stranger              the client may not send without AUTH
/// @steps                        the client waits for each reply; other cuts would change the dialogue
/// @once                         must not be run twice on one connection
/// C: EHLO client.example        the client sends the line and CRLF; escapes: \r \n \t \0 \\ \xHH \*120(text)
/// C! DATA\n                     the client sends exactly this
/// S: 250 2.1.0 Sender ok        the server sends this line …
/// S: 250-mx...                  … or one that starts like this
/// S: <close>                    the server closes
/// M: <a@x> <b@y> <c@z>          a transaction was handed over, from the first address to the others, with the lines
/// M| Subject: hello             of this content
/// ```
///
/// The banner is expected without being written down.
package struct DialogScript: Sendable {
  package enum Step: Hashable, Sendable {
    case client([UInt8])
    case server(String)
    case close
  }

  /// A transaction that must be handed over.
  package struct Mail: Hashable, Sendable, CustomStringConvertible {
    package var sender: String
    package var recipients: [String]
    package var lines: [String]

    package init(_ transaction: Transaction) {
      sender = transaction.envelope.sender.text
      recipients = transaction.envelope.recipients.map(\.text)
      var text = String(decoding: transaction.message.head, as: UTF8.self)
      if text.hasSuffix("\r\n") { text.removeLast() }
      lines = text.isEmpty ? [] : text.split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
    }

    fileprivate init(_ addresses: [String]) {
      sender = addresses.first ?? ""
      recipients = Array(addresses.dropFirst())
      lines = []
    }

    package var description: String { "<\(sender)> -> \(recipients): \(lines)" }
  }

  package var steps: [Step] = []
  package var mails: [Mail] = []
  package var limits: SessionLimits
  package var answer = Reply(250, .init(2, 0, 0), "Accepted")
  package var isRepeatable = true
  var isStepwise = false
  package var policy = SessionPolicy()

  /// The error for a line that is not part of the script syntax.
  struct Malformed: Error, CustomStringConvertible {
    package let line: Int
    package let text: String
    package var description: String { "line \(line) is not understood: \(text)" }
  }

  package init(_ text: String) throws {
    limits = SessionLimits()
    // Pauses are meant for misbehaving clients, not for tests.
    limits.errorDelay = .zero
    limits.authDelay = .zero
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      guard take(line) else { throw Malformed(line: index + 1, text: String(line)) }
    }
  }

  /// All octets that the client sends.
  var clientBytes: [UInt8] {
    steps.flatMap { step in if case .client(let bytes) = step { bytes } else { [UInt8]() } }
  }

  /// The lines that the server must send, without the banner.
  var serverLines: [String] {
    steps.compactMap { step in if case .server(let line) = step { line } else { nil } }
  }

  var endsClosed: Bool { steps.contains(.close) }

  // MARK: - Reading

  private mutating func take(_ line: Substring) -> Bool {
    let rest = line.dropFirst(line.dropFirst(2).first == " " ? 3 : 2)
    switch line.prefix(2) {
    case "": return true
    case _ where line.hasPrefix("#"): return true
    case _ where line.hasPrefix("@"): return direct(line.dropFirst().split(separator: " ").map(String.init))
    case "C:": return send(rest, ending: [0x0D, 0x0A])
    case "C!": return send(rest, ending: [])
    case "S:": steps.append(rest == "<close>" ? .close : .server(String(rest)))
    case "M:": mails.append(Mail(rest.split(separator: " ").map { String($0.dropFirst().dropLast()) }))
    case "M|": if mails.isEmpty { return false } else { mails[mails.count - 1].lines.append(String(rest)) }
    default: return false
    }
    return true
  }

  private mutating func send(_ text: Substring, ending: [UInt8]) -> Bool {
    guard let bytes = Escapes.decode(text) else { return false }
    steps.append(.client(bytes + ending))
    return true
  }

  private mutating func direct(_ words: [String]) -> Bool {
    switch (words.first, words.count) {
    case ("once", 1): isRepeatable = false
    case ("steps", 1): isStepwise = true
    case ("policy", 2...): return words.dropFirst().allSatisfy { allow($0) }
    case ("accept", 3...):
      guard let code = Int(words[1]), let status = EnhancedStatusCode(prefixOf: words[2]) else { return false }
      answer = Reply(code, status, words.dropFirst(3).joined(separator: " "))
    case ("limit", 3):
      guard let value = Int(words[2]), let limit = Self.limits[words[1]] else { return false }
      limits[keyPath: limit] = value
    default: return false
    }
    return true
  }

  private mutating func allow(_ word: String) -> Bool {
    switch word {
    case "auth": policy.authentication = .insideTLS
    case "auth-always": policy.authentication = .always
    case "mends": policy.mends = true
    case "stranger": policy.maySend = false
    case "starttls": policy.offersStartTLS = true
    default: return false
    }
    return true
  }

  private static var limits: [String: WritableKeyPath<SessionLimits, Int>] {
    [
      "commandLine": \.commandLine, "messageSize": \.messageSize, "headerBlock": \.headerBlock,
      "receivedHops": \.receivedHops, "recipients": \.recipients, "errorsBeforeDelay": \.errorsBeforeDelay,
      "errorsBeforeClose": \.errorsBeforeClose, "junkCommands": \.junkCommands,
    ]
  }
}

private enum Escapes {
  /// Returns the octets that `text` stands for, or nil if an escape is malformed.
  static func decode(_ text: Substring) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = text
    while let character = rest.popFirst() {
      guard character == "\\" else {
        bytes += Array(String(character).utf8)
        continue
      }
      switch rest.popFirst() {
      case "r": bytes.append(0x0D)
      case "n": bytes.append(0x0A)
      case "t": bytes.append(0x09)
      case "0": bytes.append(0)
      case "\\": bytes.append(0x5C)
      case "x":
        guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
        bytes.append(byte)
        rest = rest.dropFirst(2)
      case "*":
        guard let open = rest.firstIndex(of: "("), let close = rest.firstIndex(of: ")"),
          let count = Int(rest[..<open]), let inner = decode(rest[rest.index(after: open)..<close])
        else { return nil }
        for _ in 0..<count { bytes += inner }
        rest = rest[rest.index(after: close)...]
      default: return nil
      }
    }
    return bytes
  }
}
