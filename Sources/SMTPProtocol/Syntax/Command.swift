package import MailMessage

/// One parsed command line (RFC 5321 section 4.1.1).
package enum Command: Hashable, Sendable {
  case hello(String, extended: Bool)
  case mail(MailArguments)
  case recipient(EmailAddress, DeliveryStatusRequest.Wish = .init())
  case data
  /// BDAT: this number of octets of the message follows (RFC 3030).
  case chunk(Int, isLast: Bool)
  /// BDAT with an unreadable size: an unknown number of octets follows.
  case badChunk
  case startTLS
  /// AUTH with its mechanism in lower case and the initial response as it came.
  case authenticate(String, [UInt8]?)
  case reset
  case quit
  case noop
  case verify
  case help
  /// A verb of SMTP that this server does not offer; the reply is 502 (RFC 5321 section 4.2.4).
  case notOffered
  case unknown

  /// The arguments of MAIL.
  package struct MailArguments: Hashable, Sendable {
    package var sender: EmailAddress
    /// The value of `SIZE=` (RFC 1870): the client's estimate of the message size in octets.
    package var declaredSize: Int?
    package var body = Envelope.BodyType.unspecified
    package var usesSMTPUTF8 = false
    /// The values of `RET=` and `ENVID=` (RFC 3461), or nil if neither was given.
    package var statusRequest: DeliveryStatusRequest?
    /// True if `AUTH=` named the first submitter (RFC 4954 section 5). No client is trusted with that; the name is
    /// dropped.
    var namesSubmitter = false

    package init(sender: EmailAddress) { self.sender = sender }
  }

  /// Parses one line without its CRLF. Verbs and keywords are case-insensitive.
  ///
  /// - Parameters:
  ///   - allowingUTF8: true if the open transaction asked for SMTPUTF8; applies to the address of RCPT.
  ///   - allowingBareAddresses: true if addresses without angle brackets are accepted.
  /// - Throws: the reply that refuses the line.
  package static func parse(
    _ line: ArraySlice<UInt8>, allowingUTF8: Bool, allowingBareAddresses: Bool = false
  ) throws(Reply) -> Command {
    // CR and NUL have no place in a command (RFC 5321 section 2.3.8); other control characters fail where they stand.
    if line.contains(where: { $0 == 0 || $0 == 0x0D }) { throw .badLine }
    let verb = line.prefix { $0 != UInt8(ascii: " ") }
    let arguments = line[verb.endIndex...].trimmingSpaces()
    switch Verb(verb) {
    case .ehlo: return .hello(try hello(arguments), extended: true)
    case .helo: return .hello(try hello(arguments), extended: false)
    case .mail: return .mail(try mail(arguments, allowingBareAddresses))
    case .rcpt: return try recipient(arguments, allowingUTF8: allowingUTF8, allowingBareAddresses)
    case .data: return try bare(.data, arguments)
    case .bdat: return chunk(arguments)
    // RFC 3207 section 4: 501 for an argument.
    case .starttls: return try bare(.startTLS, arguments)
    case .rset: return try bare(.reset, arguments)
    case .quit: return try bare(.quit, arguments)
    case .auth: return try auth(arguments)
    // RFC 5321 section 4.1.1.9: NOOP may have an argument, which is ignored.
    case .noop: return .noop
    case .vrfy:
      if arguments.isEmpty { throw .needsArgument }
      // Longer than any address (RFC 5321 section 4.5.3.1.3), so it cannot be a user's name.
      guard arguments.count <= 512 else { throw .argumentTooLong }
      return .verify
    case .help: return .help
    case .expn, .turn, .send, .soml, .saml, .etrn: return .notOffered
    case nil: if verb.isEmpty { throw .badLine } else { return .unknown }
    }
  }

  private enum Verb: String, CaseIterable {
    case ehlo, helo, mail, rcpt, data, rset, quit, noop, vrfy, help
    case expn, turn, send, soml, saml, etrn, bdat, auth, starttls

    init?(_ bytes: ArraySlice<UInt8>) {
      guard bytes.count <= 8, let verb = Self.byName[Self.packed(bytes)] else { return nil }
      self = verb
    }

    private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { (packed($0.rawValue.utf8), $0) })

    /// Packs up to eight octets in lower case into a number. Leading NULs make no difference; `parse` lets none in.
    private static func packed(_ bytes: some Sequence<UInt8>) -> UInt64 {
      bytes.reduce(0) { $0 << 8 | UInt64($1.asciiLowercased) }
    }
  }

  private static func bare(_ command: Command, _ arguments: ArraySlice<UInt8>) throws(Reply) -> Command {
    guard arguments.isEmpty else { throw .noArguments }
    return command
  }

  /// Parses the name in HELO or EHLO. It is kept as it is and never checked: the names real hosts give themselves
  /// (`web_1`, `localhost`, a name with a trailing dot) are no reason to lose their mail (RFC 5321 section 4.1.4).
  private static func hello(_ arguments: ArraySlice<UInt8>) throws(Reply) -> String {
    if arguments.isEmpty { throw .needsArgument }
    guard arguments.allSatisfy({ (0x20...0x7E).contains($0) }) else { throw .badHello }
    return String(decoding: arguments, as: UTF8.self)
  }

  /// Parses `BDAT size [LAST]` (RFC 3030 section 2).
  private static func chunk(_ arguments: ArraySlice<UInt8>) -> Command {
    let words = arguments.split(separator: UInt8(ascii: " "))
    guard let size = words.first, size.count <= 20, size.allSatisfy({ (0x30...0x39).contains($0) }),
      words.count == 1 || (words.count == 2 && words[1].elementsEqual("last".utf8, by: { $0.asciiLowercased == $1 }))
    else { return .badChunk }
    return .chunk(Int(String(decoding: size, as: UTF8.self)) ?? .max, isLast: words.count == 2)
  }

  /// Parses `AUTH mechanism [initial-response]` (RFC 4954 section 4).
  private static func auth(_ arguments: ArraySlice<UInt8>) throws(Reply) -> Command {
    let words = arguments.split(separator: UInt8(ascii: " "))
    guard let mechanism = words.first, words.count <= 2 else { throw .authSyntax }
    let name = String(decoding: mechanism.map(\.asciiLowercased), as: UTF8.self)
    return .authenticate(name, words.dropFirst().first.map { Array($0) })
  }

  private static func mail(
    _ arguments: ArraySlice<UInt8>, _ allowingBareAddresses: Bool
  ) throws(Reply) -> MailArguments {
    guard let path = arguments.dropping(keyword: "from:") else { throw .mailSyntax }
    let sender: EmailAddress
    let rest: ArraySlice<UInt8>
    // SMTPUTF8 follows the address that it allows, so the address is checked against it afterwards.
    do {
      (sender, rest) = try EmailAddress.parsePath(
        path, .reverse, allowingUTF8: true, allowingBareAddresses: allowingBareAddresses)
    } catch {
      throw .badSender(error)
    }
    var mail = MailArguments(sender: sender)
    try mail.read(try parameters(rest, allowingUTF8: false))
    if !mail.usesSMTPUTF8, !sender.isASCII { throw .needsSMTPUTF8 }
    return mail
  }

  private static func recipient(
    _ arguments: ArraySlice<UInt8>, allowingUTF8: Bool, _ allowingBareAddresses: Bool
  ) throws(Reply) -> Command {
    guard let path = arguments.dropping(keyword: "to:") else { throw .recipientSyntax }
    let recipient: EmailAddress
    let rest: ArraySlice<UInt8>
    do {
      (recipient, rest) = try EmailAddress.parsePath(
        path, .forward, allowingUTF8: allowingUTF8, allowingBareAddresses: allowingBareAddresses)
    } catch {
      throw .badRecipient(error)
    }
    var wish = DeliveryStatusRequest.Wish()
    try wish.read(try parameters(rest, allowingUTF8: allowingUTF8), allowingUTF8: allowingUTF8)
    return .recipient(recipient, wish)
  }

  private typealias Parameter = (name: String, value: String)

  /// Parses `KEY` or `KEY=VALUE` parameters, separated by spaces, each at most once (RFC 5321 section 4.1.2,
  /// `esmtp-param`).
  private static func parameters(
    _ text: ArraySlice<UInt8>, allowingUTF8: Bool
  ) throws(Reply) -> [Parameter] {
    guard text.isEmpty || text.first == UInt8(ascii: " ") else { throw .badLine }
    var parameters: [Parameter] = []
    var names: Set<String> = []
    for part in text.split(separator: UInt8(ascii: " ")) {
      let key = part.prefix { $0 != UInt8(ascii: "=") }
      let octets = part[key.endIndex...].dropFirst()
      guard key.allSatisfy(\.isAlphanumericOrHyphen), !key.isEmpty, key.endIndex == part.endIndex || !octets.isEmpty,
        octets.allSatisfy({ (0x21...0x7E).contains($0) || (allowingUTF8 && $0 >= 0x80) }),
        let value = String(validating: octets, as: UTF8.self)
      else { throw .badLine }
      let name = String(decoding: key.map(\.asciiLowercased), as: UTF8.self)
      guard names.insert(name).inserted else { throw .doubledParameter(name) }
      parameters.append((name, value))
    }
    return parameters
  }
}

extension Command.MailArguments {
  fileprivate mutating func read(_ parameters: [(name: String, value: String)]) throws(Reply) {
    for (name, value) in parameters {
      switch name {
      case "size":
        // RFC 1870 section 3: up to 20 digits. A number that does not fit an Int is above any limit of ours.
        guard (1...20).contains(value.utf8.count), value.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
          throw .badParameter("SIZE")
        }
        declaredSize = Int(value) ?? .max
      case "body":
        guard let type = Envelope.BodyType(rawValue: value.uppercased()), type != .unspecified else {
          throw .badParameter("BODY")
        }
        body = type
      case "smtputf8":
        guard value.isEmpty else { throw .badParameter("SMTPUTF8") }
        usesSMTPUTF8 = true
      case "auth":
        // `<>` and `<address>` are xtext like any address.
        guard Xtext(value) != nil else { throw .badParameter("AUTH") }
        namesSubmitter = true
      case "ret":
        guard let returns = DeliveryStatusRequest.Returns(rawValue: value.uppercased()) else {
          throw .badParameter("RET")
        }
        statusRequest = DeliveryStatusRequest(returns: returns, envelopeID: statusRequest?.envelopeID)
      case "envid":
        // RFC 3461 section 4.4: at most 100 characters.
        guard value.utf8.count <= 100, let id = Xtext(value), id.printable != nil else { throw .badParameter("ENVID") }
        statusRequest = DeliveryStatusRequest(returns: statusRequest?.returns, envelopeID: id)
      default: throw .unknownParameter
      }
    }
  }
}

extension DeliveryStatusRequest.Wish {
  /// Reads NOTIFY and ORCPT (RFC 3461 sections 4.1 and 4.2).
  fileprivate mutating func read(
    _ parameters: [(name: String, value: String)], allowingUTF8: Bool
  ) throws(Reply) {
    for (name, value) in parameters {
      switch name {
      case "notify":
        notify = DeliveryStatusRequest.Notify(value)
        if notify == nil { throw .badParameter("NOTIFY") }
      case "orcpt":
        original = OriginalRecipient(value, allowingUTF8: allowingUTF8)
        if original == nil { throw .badParameter("ORCPT") }
      default: throw .unknownParameter
      }
    }
  }
}

extension UInt8 {
  var asciiLowercased: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }

  fileprivate var isAlphanumericOrHyphen: Bool {
    (0x30...0x39).contains(self) || (0x61...0x7A).contains(asciiLowercased) || self == UInt8(ascii: "-")
  }
}

extension ArraySlice<UInt8> {
  fileprivate func trimmingSpaces() -> ArraySlice<UInt8> {
    var slice = drop { $0 == UInt8(ascii: " ") }
    // Trailing white space is tolerated, as RFC 5321 section 4.1.1 recommends.
    while slice.last == UInt8(ascii: " ") || slice.last == UInt8(ascii: "\t") { slice.removeLast() }
    return slice
  }

  /// Returns the octets after `keyword`, or nil if the line does not start with it. Spaces after the colon are skipped:
  /// Outlook Express and many devices send them although RFC 5321 section 3.3 forbids it; Postfix and Exim accept them
  /// too.
  fileprivate func dropping(keyword: String) -> ArraySlice<UInt8>? {
    let length = keyword.utf8.count
    guard prefix(length).elementsEqual(keyword.utf8, by: { $0.asciiLowercased == $1 }) else { return nil }
    return dropFirst(length).drop { $0 == UInt8(ascii: " ") }
  }
}
