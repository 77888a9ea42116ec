import DedupCore
import DedupStore
import Fingerprint
import Fleet
import Foundation

/// The names and texts under which the fleet knows errors.
enum FleetNames {
  /// Returns the name of an error in the fleet, equal at all relays that see the same site and fingerprint. Nothing of
  /// either can be read from it.
  static func name(of error: FleetTotals, variant: String? = nil) -> String {
    naming.name(site: error.siteKey, error.fingerprint, variant: variant)
  }

  static let naming = FleetNaming { Digest.hex(of: Array($0.utf8), bytes: 16) }

  /// Returns the totals as the engine adds them up. A row that came anew after it was forgotten is another source.
  static func totals(of error: FleetTotals, store: String) -> ErrorTotals {
    ErrorTotals(
      source: "\(store).\(String(max(0, error.firstSeen.milliseconds), radix: 36))", mails: error.total,
      heldBack: error.suppressed, before: max(0, error.total - error.episode))
  }

  /// The facts that other relays show of an error.
  struct Info: Codable, Hashable {
    var fingerprint: String
    var site: String
    /// The prefix and the sender of the site; nil from a relay that did not tell them yet.
    var prefix: String?
    var sender: String?
    var title: String?
    var place: String?
    var lastSeen: Int64
  }

  /// Returns what other relays show of an error, as JSON.
  ///
  /// - Parameter isSecret: True if nothing of the mail may leave in clear.
  static func info(of error: FleetTotals, isSecret: Bool) -> String {
    let traits = SiteTraits(key: error.siteKey)
    let info = Info(
      fingerprint: error.fingerprint, site: String(error.site.prefix(100)), prefix: String(traits.prefix.prefix(100)),
      sender: String(traits.sender.prefix(100)),
      title: isSecret ? nil : String(error.title.prefix(300)), place: isSecret ? nil : String(error.place.prefix(200)),
      lastSeen: error.lastSeen.milliseconds)
    return json(info)
  }

  static func json(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  static func read<Value: Decodable>(_ type: Value.Type, _ text: String?) -> Value? {
    text.flatMap { try? JSONDecoder().decode(type, from: Data($0.utf8)) }
  }
}
