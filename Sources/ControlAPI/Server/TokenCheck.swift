import Hummingbird

/// Refuses requests without the token (RFC 6750), except on paths that reveal nothing about any mail.
struct TokenCheck: RouterMiddleware {
  typealias Context = ControlContext

  /// The paths that monitors may ask without a token.
  private static let open: Set = [MonitoringPath.alive, MonitoringPath.ready]

  private let token: [UInt8]

  init(token: String) { self.token = Array(token.utf8) }

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    if isShown(in: request) {
      context.channel.triggerUserOutboundEvent(LoginDeadline.Met(), promise: nil)
      return try await next(request, context)
    }
    if Self.open.contains(request.uri.path) { return try await next(request, context) }
    let problem = ControlProblem("show the token of [control] token-file: Authorization: Bearer TOKEN")
    var response = ControlServer.response(.unauthorized, try ControlJSON.encode(problem))
    response.headers[.wwwAuthenticate] = "Bearer"
    return response
  }

  private func isShown(in request: Request) -> Bool {
    guard let said = request.headers[.authorization], said.lowercased().hasPrefix("bearer ") else { return false }
    let shown = Array(said.dropFirst("bearer ".count).utf8)
    // All octets are compared even after a difference: the time taken reveals nothing about the token but its length.
    guard shown.count == token.count else { return false }
    return zip(shown, token).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
