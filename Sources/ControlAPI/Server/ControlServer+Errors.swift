import DedupCore
import Foundation
import Hummingbird

// Errors: the questions, and what an admin asks for.
extension ControlServer {
  static func addErrors(to router: Router<ControlContext>, _ service: any ControlService) {
    router.get("\(ControlPath.errors)") { request, _ in
      try await answer { try await service.errors(try FingerprintQuery(request)) }
    }
    router.get("\(ControlPath.errors)/:id") { _, context in
      let id = try context.parameters.require("id")
      return try await answer { try await service.error(id: id) }
    }
    router.get("\(ControlPath.export)") { request, _ in
      let query = request.uri.queryParameters
      let (after, limit) = (query.get("after", as: Int.self) ?? 0, query.get("limit", as: Int.self) ?? 500)
      return try await answer { try await service.export(after: after, limit: limit) }
    }
    router.get("\(ControlPath.groupings)") { _, _ in try await answer { try await service.groupings() } }
    router.get("\(ControlPath.statistics)") { request, _ in
      let days = request.uri.queryParameters.get("days", as: Int.self) ?? 7
      return try await answer { try await service.statistics(days: days) }
    }
    router.post("\(ControlPath.pass)") { request, _ in
      try await answer { try await service.passNext(try await body(of: request)) }
    }
    router.post("\(ControlPath.copies)") { request, _ in
      try await answer { try await service.sendCopies(try await body(of: request)) }
    }
  }
}

extension FingerprintQuery {
  /// - Throws: `ControlProblem` for an order that there is not.
  fileprivate init(_ request: Request) throws {
    let query = request.uri.queryParameters
    let order = query.get("sort") ?? Sort.last.rawValue
    guard let sort = Sort(rawValue: order) else {
      throw ControlProblem("\"\(order)\" is no order of errors", .malformed)
    }
    self.init(
      includesUnsuppressed: query["all"] == "true", site: query.get("site"), since: Self.time(query.get("since")),
      firstSince: Self.time(query.get("first_since")), rule: query.get("rule"),
      onlySilenced: query["silenced"] == "true",
      sort: sort, isReversed: query["reverse"] == "true", limit: query.get("limit", as: Int.self) ?? 100)
  }

  /// Seconds since 1970.
  private static func time(_ text: String?) -> Timestamp? { text.flatMap { Int64($0) }.map { Timestamp(seconds: $0) } }
}
