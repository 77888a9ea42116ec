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

  /// Checks, before anything is changed, that each id selects one error.
  ///
  /// - Parameter site: The only site that counts; nil means all sites.
  /// - Throws: `CommandFailure` if an id matches no error, or several.
  func mustKnow(_ ids: [String], site: String?) async throws {
    var missing: [String] = []
    for id in ids {
      let errors = id.isEmpty ? [] : try await error(id: id).map(\.entry).filter { site == nil || $0.site == site }
      if errors.isEmpty { missing.append(id) } else if ids.count > 1 { try await mustBeOne(errors, id) }
    }
    if !missing.isEmpty { throw try await noError(missing, site: site) }
  }

  /// Checks that an id does not match several errors. An error that is part of another one stands for that one, if the
  /// id matches no other.
  private func mustBeOne(_ errors: [ErrorEntry], _ id: String) async throws {
    guard Set(errors.map(\.fingerprint)).count > 1 else { return }
    let groupings = try await groupings()
    let standing = errors.filter { groupings.whole(of: $0) == nil }
    let wholes =
      standing.isEmpty ? errors.compactMap { groupings.whole(of: $0)?.fingerprint } : standing.map(\.fingerprint)
    guard Set(wholes).count > 1 else { return }
    let names = errors.prefix(5).map { "\($0.id) \(DisplayText.oneLine($0.error))" }.joined(separator: "; ")
    throw CommandFailure(.usage, "\(id.typed) matches several errors (\(names)); type more of the id")
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
        let name = Set(errors.map(\.id)).count == 1 ? "error \(first.id)" : "an error whose id starts with \(id.typed)"
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

extension String {
  /// An id as it was typed, in one line and cut.
  var typed: String { DisplayText.oneLine(self, limit: 60) }
}

extension [String] {
  /// The ids as they were typed.
  var typed: String { prefix(20).map(\.typed).joined(separator: " or ") }

  fileprivate var noError: String { "no error has an id that starts with \(typed); see: dedupctl list --all" }
}
