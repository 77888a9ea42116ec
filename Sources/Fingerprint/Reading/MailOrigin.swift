import MailMessage

/// The signs in From, Reply-To and Message-ID that the sender is a program or a human. None of them is proof.
struct MailOrigin: Sendable, Equatable {
  /// True if the address belongs to a role or a host: `root@`, `noreply@`, `shop@shop.example.org`.
  private(set) var isRole = false
  /// True if no name stands before the address, as log handlers write it.
  private(set) var isBare = true
  private(set) var hasID = false
  /// The address in From as written, or empty if there is none.
  private(set) var sender: [UInt8] = []
  /// True if the Message-ID has the form of Python's `email.utils.make_msgid`: `<179601025818.12603.6581@host>`.
  private(set) var isNumberedID = false
  /// True if the Message-ID has Postfix's form: the time in 14 digits, and the name of the queue file.
  private(set) var isServersID = false
  /// True if the Message-ID comes from a service where people have mailboxes.
  private(set) var isPersonsID = false
  /// True if replies go to a person, as in the mail of a contact form.
  private(set) var hasReplyTo = false
  /// True if replies go to an address with the number of a ticket in it.
  private(set) var isAnsweredToTicket = false

  /// True if the header looks like a program's. Python's `SMTPHandler` adds no Message-ID, mail programs always do.
  /// People write from role addresses too, but with a name.
  var isProgram: Bool { isNumberedID || isRole && (isBare && !isPersonsID || !hasID || isServersID) || isBareHandler }

  /// True without a Message-ID and a name: `logging.handlers.SMTPHandler` sends so, and no mail program does. A mail
  /// server on the way may have added an ID (Postfix: `<20261130021100.4D5E7A2B@web1.example.org>`).
  var isBareHandler: Bool { isBare && (!hasID || isServersID) }

  mutating func readID(_ bytes: borrowing Span<UInt8>, _ value: Range<Int>) {
    hasID = !value.isEmpty
    let end = bytes.trimmed(value).upperBound
    for domain: StaticString in [
      "mail.gmail.com>", "outlook.com>", "hotmail.com>", "icloud.com>", "me.com>", "yahoo.com>", "gmx.net>", "web.de>",
      "protonmail.com>", "proton.me>", "mail.ru>", "qq.com>", "163.com>",
    ] where bytes.hasIgnoringCase(domain, at: end - domain.utf8CodeUnitCount, before: end) {
      isPersonsID = true
    }
    var index = value.lowerBound
    if index < value.upperBound, bytes[index] == UInt8(ascii: "<") { index += 1 }
    let first = Self.digits(bytes, at: index, value.upperBound)
    isServersID = first == 14 && Self.isQueueFile(bytes, at: index + 14, value.upperBound)
    guard !isServersID, first >= 8, bytes.has(".", at: index + first, before: value.upperBound) else { return }
    index += first + 1
    let second = Self.digits(bytes, at: index, value.upperBound)
    guard second > 0, index + second < value.upperBound else { return }
    isNumberedID = bytes[index + second] == UInt8(ascii: ".") || bytes[index + second] == UInt8(ascii: "@")
  }

  /// True for `.4D5E7A2B@`, or a long name. Mutt's are short and begin with a G.
  private static func isQueueFile(_ bytes: borrowing Span<UInt8>, at start: Int, _ end: Int) -> Bool {
    guard bytes.has(".", at: start, before: end) else { return false }
    var index = start + 1
    var isHex = true
    while index < end, bytes[index].isAlphanumeric {
      isHex = isHex && bytes[index].hexValue != nil
      index += 1
    }
    return index - start > (isHex ? 6 : 10) && bytes.has("@", at: index, before: end)
  }

  mutating func readFrom(_ bytes: borrowing Span<UInt8>, _ value: Range<Int>) {
    guard let address = Self.address(bytes, value) else { return }
    let before = bytes.trimmed(value.lowerBound..<address.local.lowerBound)
    isBare = before.isEmpty || bytes.equals(before, "<")
    sender = FamilySubject.copy(bytes, address.local.lowerBound..<address.domain.upperBound)
    isRole =
      Self.isRoleName(bytes, address.local) || Self.isLocal(bytes, address.domain)
      || Self.isNamed(bytes, address.domain, after: address.local)
  }

  mutating func readReplyTo(_ bytes: borrowing Span<UInt8>, _ value: Range<Int>) {
    guard let address = Self.address(bytes, value), !Self.isRoleName(bytes, address.local) else { return }
    hasReplyTo = true
    guard let plus = bytes.firstIndex(of: UInt8(ascii: "+"), in: address.local) else { return }
    for index in plus..<address.local.upperBound where bytes[index].isDigit { isAnsweredToTicket = true }
  }

  /// True if `X-Mailer` names a program in which people write mail: scripts have mailers too.
  static func isMailProgram(_ bytes: borrowing Span<UInt8>, _ value: Range<Int>) -> Bool {
    let names: [StaticString] = [
      "outlook", "apple mail", "iphone", "ipad", "thunderbird", "evolution", "lotus", "zimbra", "the bat", "roundcube",
      "squirrelmail", "horde", "internet messaging program", "claws", "sylpheed", "mutt", "kmail", "yahoo", "webmail",
      "em client", "mailspring", "open-xchange", "sogo", "groupwise", "becky", "foxmail", "eudora", "pegasus",
      "coremail", "gmail", "protonmail", "k-9", "airmail", "spark", "mailbird", "postbox", "vivaldi", "gnus",
    ]
    var index = value.lowerBound
    let end = Swift.min(value.upperBound, value.lowerBound + 200)
    while index < end {
      for name in names where bytes.hasIgnoringCase(name, at: index, before: end) { return true }
      index += 1
    }
    return false
  }

  // MARK: - Addresses

  /// The first address of a field: `kim@example.org` of `"Kim" <kim@example.org>`, or nil if there is none.
  private static func address(
    _ bytes: borrowing Span<UInt8>, _ value: Range<Int>
  ) -> (local: Range<Int>, domain: Range<Int>)? {
    let range = value.lowerBound..<Swift.min(value.upperBound, value.lowerBound + 1024)
    let open = bytes.firstIndex(of: UInt8(ascii: "<"), in: range).map { $0 + 1 }
    guard let at = bytes.firstIndex(of: UInt8(ascii: "@"), in: (open ?? range.lowerBound)..<range.upperBound) else {
      return nil
    }
    var start = at
    while start > range.lowerBound, isOfAddress(bytes[start - 1]) { start -= 1 }
    var end = at + 1
    while end < range.upperBound, isOfAddress(bytes[end]) { end += 1 }
    return start < at && at + 1 < end ? (start..<at, (at + 1)..<end) : nil
  }

  private static func isOfAddress(_ byte: UInt8) -> Bool {
    !byte.isBlank && byte != UInt8(ascii: "<") && byte != UInt8(ascii: ">") && byte != UInt8(ascii: "\"")
      && byte != UInt8(ascii: ",") && byte != UInt8(ascii: "(") && byte != UInt8(ascii: ")")
  }

  /// True if the local part, or a word of it, is that of a role: `no-reply`, `django-errors`, `www-data`.
  private static func isRoleName(_ bytes: borrowing Span<UInt8>, _ local: Range<Int>) -> Bool {
    var start = local.lowerBound
    var index = start
    while index <= local.upperBound {
      let isEnd = index == local.upperBound || !bytes[index].isAlphanumeric
      if isEnd {
        for role in roles where bytes.equalsIgnoringCase(start..<index, role) { return true }
        start = index + 1
      }
      index += 1
    }
    return false
  }

  private static let roles: [StaticString] = [
    "root", "django", "noreply", "reply", "donotreply", "www", "apache", "nginx", "httpd", "wwwrun", "uwsgi",
    "gunicorn",
    "webmaster", "hostmaster", "daemon", "cron", "crontab", "server", "system", "sysadmin", "nobody", "error", "errors",
    "exception", "exceptions", "traceback", "tracebacks", "alert", "alerts", "monitor", "monitoring", "notification",
    "notifications", "notify", "notifier", "bot", "robot", "worker", "workers", "celery", "airflow", "zope", "plone",
    "flask", "app", "api", "service", "backend", "web", "website", "deploy", "batch", "job", "jobs", "scheduler",
    "task", "tasks", "queue", "log", "logs", "logger", "logging", "debug", "devnull", "mailer", "automat", "automatic",
    "backup", "script", "scripts", "python",
  ]

  /// True for a host without a dot in its name, as in `root@localhost` and `app@web1`.
  private static func isLocal(_ bytes: borrowing Span<UInt8>, _ domain: Range<Int>) -> Bool {
    bytes.firstIndex(of: UInt8(ascii: "."), in: domain) == nil
      || bytes.hasIgnoringCase("localhost", at: domain.lowerBound, before: domain.upperBound)
  }

  /// True if a label of the domain is the local part: `shop@shop.example.org` is the shop's own address.
  private static func isNamed(_ bytes: borrowing Span<UInt8>, _ domain: Range<Int>, after local: Range<Int>) -> Bool {
    var start = domain.lowerBound
    while start < domain.upperBound {
      let dot = bytes.firstIndex(of: UInt8(ascii: "."), in: start..<domain.upperBound) ?? domain.upperBound
      if local.count == dot - start, dot < domain.upperBound,
        local.indices.allSatisfy({ offset in
          bytes[offset].asciiLowercased == bytes[start + offset - local.lowerBound].asciiLowercased
        })
      {
        return true
      }
      start = dot + 1
    }
    return false
  }

  private static func digits(_ bytes: borrowing Span<UInt8>, at start: Int, _ end: Int) -> Int {
    var index = start
    while index < end, bytes[index].isDigit { index += 1 }
    return index - start
  }
}
