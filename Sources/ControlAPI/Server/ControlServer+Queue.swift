import DedupCore
import Hummingbird

// The queue, and the way out of it.
extension ControlServer {
  static func addQueue(to router: Router<ControlContext>, _ service: any ControlService) {
    router.get("\(ControlPath.queue)") { request, _ in
      try await answer { try await service.queue(try QueueFilter(request)) }
    }
    router.get("\(ControlPath.queue)/:id") { request, context in
      let id = try context.parameters.require("id")
      let octets = request.uri.queryParameters.get("octets", as: Int.self) ?? 0
      return try await answer { try await service.queued(id: id, octets: octets) }
    }
    for verb in QueueVerb.allCases {
      router.post("\(ControlPath.queue)/\(verb.rawValue)") { request, _ in
        try await answer { try await service.change(verb, try await body(of: request)) }
      }
    }
    router.post("\(ControlPath.upstream)") { request, _ in
      let query = request.uri.queryParameters
      let (host, sender, recipient) = (query.get("to"), query.get("sender"), query.get("recipient"))
      return try await answer { try await service.probe(to: host, sender: sender, recipient: recipient) }
    }
  }
}

extension QueueFilter {
  /// - Throws: `ControlProblem` for a kind or a state that there is not.
  fileprivate init(_ request: Request) throws {
    let query = request.uri.queryParameters
    self.init(
      kind: try Self.choice(query.get("kind"), "kind"), state: try Self.choice(query.get("state"), "state"),
      sender: query.get("sender"), recipient: query.get("recipient"), limit: query.get("limit", as: Int.self) ?? 100)
  }

  private static func choice<Choice: RawRepresentable<String>>(_ text: String?, _ name: String) throws -> Choice? {
    guard let text else { return nil }
    guard let choice = Choice(rawValue: text) else {
      throw ControlProblem("\"\(text)\" is no \(name) of a mail in the queue", .malformed)
    }
    return choice
  }
}
