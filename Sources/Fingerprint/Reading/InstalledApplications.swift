import MailMessage

/// The applications of a site as Django's report lists them, below the line of the server's time:
///
///     Installed Applications:
///     ['django.contrib.admin',
///      'shop.apps.ShopConfig',
///      'orders']
///
/// None of it is a visitor's: what a visitor may have chosen comes after it.
enum InstalledApplications {
  /// The number of octets after `Python Path` within which the list begins. `length`: the octets of the list that are
  /// read.
  private static let distance = 1000
  private static let length = 32_768

  /// The top packages (`django`, `shop`, `orders`), those of neighbours once. Empty if the report has no list.
  ///
  /// - Parameter path: the last entry of `Python Path`, above the list.
  static func packages(_ text: borrowing Span<UInt8>, behind path: Range<Int>?) -> [Range<Int>] {
    guard let path else { return [] }
    let near = path.upperBound..<Swift.min(text.count, path.upperBound + distance)
    guard let title = text.firstIndex(of: "\nInstalled Applications:", in: near) else { return [] }
    let rest = title + 24..<Swift.min(text.count, title + length)
    guard let close = text.firstIndex(of: UInt8(ascii: "]"), in: rest) else { return [] }
    var packages: [Range<Int>] = []
    var index = rest.lowerBound
    while index < close, packages.count < 256, let open = quote(text, in: index..<close),
      let shut = text.firstIndex(of: text[open], in: open + 1..<close)
    {
      let name = open + 1..<shut
      let package = ModulePath.topOfDotted(text, name)
      if packages.last.map({ !text.same($0, package) }) ?? true { packages.append(package) }
      index = shut + 1
    }
    return packages
  }

  /// The packages of a report that are the site's own: those that it lists, without the ones that are published for any
  /// site, and the one of its settings. Each once. Empty if the report has no list.
  static func own(_ text: borrowing Span<UInt8>, _ report: DjangoReport) -> [Range<Int>] {
    var own: [Range<Int>] = []
    let listed = packages(text, behind: report.pythonPath.last)
    guard !listed.isEmpty else { return [] }
    let settings = report.settingsModule.map { [ModulePath.topOfDotted(text, $0)] } ?? []
    for package in listed + settings
    where !package.isEmpty && !KnownLibraries.isLibrary(text, package)
      && !own.contains(where: { text.same($0, package) })
    {
      own.append(package)
    }
    return own
  }

  private static func quote(_ text: borrowing Span<UInt8>, in range: Range<Int>) -> Int? {
    for index in range where text[index] == UInt8(ascii: "'") || text[index] == UInt8(ascii: "\"") { return index }
    return nil
  }
}
