import ControlAPI
import DedupCore

extension ControlService {
  /// Checks that a site has errors.
  ///
  /// - Parameter site: A name or a pattern.
  /// - Throws: `CommandFailure` if no error belongs to such a site.
  func mustKnow(_ site: String) async throws {
    let known = try await errors(FingerprintQuery(includesUnsuppressed: true, site: site, limit: 1))
    guard known.isEmpty else { return }
    throw CommandFailure(.nothingMatched, "no error is in a site \"\(printable(site))\"; see: dedupctl list --all")
  }

  /// Returns the failure of a command that did nothing because these ids match no error, or none in the requested site.
  ///
  /// - Parameters:
  ///   - ids: The ids as they were typed; all of them matched nothing.
  ///   - site: The only site that was searched; nil means all sites.
  func noError(_ ids: [String], site: String?) async throws -> CommandFailure {
    if ids.contains("") { return CommandFailure(.usage, "the id is empty; write one that dedupctl list --all shows") }
    var unknown: [String] = []
    var elsewhere: [String] = []
    for id in ids {
      let errors = site == nil ? [] : try await error(id: id).map(\.entry)
      if let site, let first = errors.first {
        let name = Set(errors.map(\.id)).count == 1 ? "error \(first.id)" : "an error whose id starts with \(id)"
        let sites = Set(errors.map(\.site)).sorted().prefix(20).map { printable($0) }.joined(separator: ", ")
        elsewhere.append("\(name) is not in site \"\(printable(site))\"; it is in: \(sites)")
      } else {
        unknown.append(id)
      }
    }
    if !unknown.isEmpty { elsewhere.append(unknown.noError) }
    return CommandFailure(.nothingMatched, elsewhere.joined(separator: "; "))
  }
}

extension [String] {
  fileprivate var noError: String {
    "no error has an id that starts with \(joined(separator: " or ")); see: dedupctl list --all"
  }
}
