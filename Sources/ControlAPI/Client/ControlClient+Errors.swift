package import DedupCore
import Foundation
import NIOHTTP1

// Errors: the questions, and what an admin asks for.
extension ControlClient {
  package func errors(_ query: FingerprintQuery) async throws -> [ErrorEntry] {
    try await request(
      .GET,
      Self.path(
        ControlPath.errors,
        [
          "all": "\(query.includesUnsuppressed)", "site": query.site, "since": query.since.map { "\($0.seconds)" },
          "first_since": query.firstSince.map { "\($0.seconds)" }, "rule": query.rule,
          "silenced": query.onlySilenced ? "true" : nil, "sort": query.sort.rawValue,
          "reverse": query.isReversed ? "true" : nil, "limit": "\(query.limit)",
        ]))
  }

  package func error(id: String) async throws -> [ErrorDetail] {
    // An id is made of hexadecimal digits, a fingerprint in full also of the colon behind its version; anything else names
    // nothing and must not become part of a path.
    let isName = id.utf8.allSatisfy { $0 == UInt8(ascii: ":") || Character(UnicodeScalar($0)).isHexDigit }
    guard !id.isEmpty, isName else { return [] }
    return try await request(.GET, "\(ControlPath.errors)/\(id.lowercased())")
  }

  package func export(after: Int, limit: Int) async throws -> ExportPage {
    try await request(.GET, Self.path(ControlPath.export, ["after": "\(after)", "limit": "\(limit)"]))
  }

  package func groupings() async throws -> [GroupingEntry] { try await request(.GET, ControlPath.groupings) }

  package func statistics(days: Int) async throws -> StatisticsReport {
    try await request(.GET, Self.path(ControlPath.statistics, ["days": "\(days)"]))
  }

  package func passNext(_ selector: ErrorSelector) async throws -> [ErrorName] {
    try await request(.POST, ControlPath.pass, try ControlJSON.encode(selector))
  }

  package func sendCopies(_ request: CopyRequest) async throws -> [CopyReport] {
    try await self.request(.POST, ControlPath.copies, try ControlJSON.encode(request))
  }
}
