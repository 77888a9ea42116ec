import MailMessage

/// The facts that the report shows of the site itself: a name that stands here was written by its developers or its
/// admin; any other may be a visitor's.
struct SiteEvidence: Sendable, Equatable {
  /// The view, `shop.views.cart` of `Raised during: shop.views.cart`, or nil.
  var view: Range<Int>?
  /// The template that was rendered, followed by its lines in the report, or nil.
  var template: Range<Int>?
  /// The settings as Django prints them, with secrets hidden, or nil.
  var settings: Range<Int>?

  init() {}

  init(_ text: borrowing Span<UInt8>, _ report: DjangoReport) {
    view = report.raisedDuring
    template = report.template
    settings = report.settingsModule.map { $0.upperBound..<text.count }
  }

  /// True if the printed lines of the template contain the name in quotes: `{% include "parts/head.html" %}`.
  func templateQuotes(_ text: borrowing Span<UInt8>, _ name: [UInt8]) -> Bool {
    guard let template else { return false }
    let lines = template.upperBound..<Swift.min(template.upperBound + 4096, text.count)
    return Self.holds(text, Array("\"".utf8) + name + Array("\"".utf8), in: lines)
      || Self.holds(text, Array("'".utf8) + name + Array("'".utf8), in: lines)
  }

  /// True if the settings contain this host or module.
  func settingsHold(_ text: borrowing Span<UInt8>, _ name: [UInt8], mayGoOn: Bool = false) -> Bool {
    settings.map { Self.holds(text, name, in: $0, mayGoOn: mayGoOn) } ?? false
  }

  /// True if `name` stands in a line of code as a whole literal, to which nothing is added as in `"orders/" + name`.
  static func isLiteral(_ text: borrowing Span<UInt8>, _ name: [UInt8], in source: Range<Int>) -> Bool {
    guard !name.isEmpty, name.count + 2 <= source.count else { return false }
    for start in source.lowerBound...(source.upperBound - name.count - 2) {
      let quote = text[start]
      guard quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\""), text[start + 1 + name.count] == quote,
        name.indices.allSatisfy({ text[start + 1 + $0] == name[$0] })
      else { continue }
      var index = start + 2 + name.count
      while index < source.upperBound, text[index].isBlank { index += 1 }
      let next = index < source.upperBound ? text[index] : 0
      if next != UInt8(ascii: "+"), next != UInt8(ascii: "%"), next != UInt8(ascii: ".") { return true }
    }
    return false
  }

  /// True if `name` stands in `range` as a whole, with no letter, digit, dot or hyphen at either side. `mayGoOn`: a dot
  /// may follow, as in `shop.backends.Cache` for the module `shop.backends`.
  static func holds(
    _ text: borrowing Span<UInt8>, _ name: [UInt8], in range: Range<Int>, mayGoOn: Bool = false
  ) -> Bool {
    guard let first = name.first, name.count <= 300, !range.isEmpty else { return false }
    let end = Swift.min(range.upperBound, text.count)
    var from = range.lowerBound
    while let hit = text.firstIndex(of: first, in: from..<end) {
      from = hit + 1
      guard hit + name.count <= end else { return false }
      // Tested first, so that a run of one letter is compared once and the search stays linear.
      if Endpoint.isHostByte(first), hit > range.lowerBound, Endpoint.isHostByte(text[hit - 1]) { continue }
      var offset = 1
      while offset < name.count, text[hit + offset] == name[offset] { offset += 1 }
      guard offset == name.count else { continue }
      let isClosed =
        !Endpoint.isHostByte(name[name.count - 1]) || hit + offset == end || !Endpoint.isHostByte(text[hit + offset])
        || (mayGoOn && text[hit + offset] == UInt8(ascii: "."))
      if isClosed { return true }
    }
    return false
  }
}
