import MailMessage

/// Guesses where the modules of an application begin in an absolute path, for reports that do not print `Python Path`.
///
///     /srv/app/releases/20250101/shop/pricing.py      → shop/pricing.py
///     /home/deploy/sites/shop.example.com/src/a/b.py  → a/b.py
///     /usr/src/app/reports/mailer.py                  → reports/mailer.py
///     /opt/storefront/reports/mailer.py               → reports/mailer.py
///
/// A wrong guess only gives two fingerprints to a bug that is reported by two kinds of mail. It never joins two bugs
/// unless their code, function and exception are equal too.
enum ModuleRoot {
  static func guess(_ text: borrowing Span<UInt8>, _ file: Range<Int>) -> Range<Int> {
    var directories: [Range<Int>] = []
    var start = file.lowerBound
    for index in file where ModulePath.isSeparator(text[index]) {
      if index > start { directories.append(start..<index) }
      start = index + 1
      if directories.count == 64 { break }
    }
    guard !directories.isEmpty else { return file }
    let lead = leading(text, directories)
    var root = lead.count
    if lead.count < directories.count, let last = lastContainer(text, directories, from: lead.count) {
      root = last
    } else if lead.needsProject, lead.count < directories.count {
      root = lead.count + 1
    }
    return (root < directories.count ? directories[root].lowerBound : start)..<file.upperBound
  }

  /// The number of leading directories that are the system's or a user's. `needsProject` is true if the next one is the
  /// project's name.
  private static func leading(
    _ text: borrowing Span<UInt8>, _ directories: [Range<Int>]
  ) -> (count: Int, needsProject: Bool) {
    func name(_ index: Int, _ wanted: StaticString) -> Bool {
      index < directories.count && text.equals(directories[index], wanted)
    }
    // Windows paths begin with a drive letter.
    let first = directories[0].count == 2 && text[directories[0].lowerBound + 1] == UInt8(ascii: ":") ? 1 : 0
    if name(first, "home") || name(first, "Users") { return (first + 2, true) }
    if name(first, "nix") && name(first + 1, "store") { return (first + 3, false) }
    if name(first, "usr") || name(first, "var") {
      return (first + 2, !name(first + 1, "task") && !name(first + 1, "src"))
    }
    if name(first, "srv") || name(first, "opt") || name(first, "root") || name(first, "mnt") || name(first, "data") {
      return (first + 1, true)
    }
    if name(first, "app") || name(first, "code") || name(first, "src") || name(first, "workspace") {
      return (first + 1, false)
    }
    return (first, false)
  }

  /// The number of directories up to the last one that deploys create: a release, a date, a hash, a domain, `current`,
  /// `src`. Nil if there is none.
  private static func lastContainer(
    _ text: borrowing Span<UInt8>, _ directories: [Range<Int>], from start: Int
  ) -> Int? {
    var found: Int?
    var index = start
    while index < directories.count {
      let name = directories[index]
      if text.equals(name, "releases") || text.equals(name, "release") || text.equals(name, "versions")
        || text.equals(name, "deployments") || text.equals(name, "share")
      {
        index += 1
        found = Swift.min(index + 1, directories.count)
      } else if isContainer(text, name) || isVolatile(text, name) {
        found = index + 1
      }
      index += 1
    }
    return found
  }

  private static func isContainer(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    text.equals(name, "current") || text.equals(name, "src") || text.equals(name, "app") || text.equals(name, "sites")
      || text.equals(name, "www") || text.equals(name, "html") || text.equals(name, "htdocs")
      || text.equals(name, "public_html") || text.equals(name, "webapp") || text.equals(name, "code")
      || text.equals(name, "repo") || text.equals(name, "checkout") || text.equals(name, "workspace")
  }

  /// True for names that a deploy creates, or that cannot be a package's: `shop.example.com`, `20250101`, `v1.2.3`,
  /// `a94a8fe5ccb1`, `app.pyz`.
  private static func isVolatile(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    var digits = 0
    var isHex = true
    for index in name {
      let byte = text[index]
      if byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") { return true }
      if byte.isDigit { digits += 1 }
      if byte.hexValue == nil { isHex = false }
    }
    return digits == name.count || digits >= 6 || (isHex && digits > 0 && name.count >= 7)
  }
}
