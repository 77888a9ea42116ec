import Foundation

/// The description of the control API for programs (OpenAPI 3.1), made from `Operations`.
enum APIDescription {
  static func json() throws -> Data {
    let document: [String: Any] = [
      "openapi": "3.1.0",
      "info": [
        "title": "MailDedup control API", "version": "1",
        "description": "What dedupctl asks of a running relay. Times are ISO 8601 UTC, keys are only ever added.",
      ],
      "paths": paths,
      "components": ["schemas": schemas, "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]]],
      "security": [["token": []], [:]],
    ]
    return try JSONSerialization.data(
      withJSONObject: document, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
  }

  /// The described operations, by path and method.
  private static var paths: [String: [String: Any]] {
    let all = Operations.all.map { ($0.path, $0.method, described($0)) } + MonitoringPath.all
    return all.reduce(into: [String: [String: Any]]()) { paths, operation in
      paths[operation.0, default: [:]][operation.1.rawValue.lowercased()] = operation.2
    }
  }

  private static func described(_ operation: any AnyOperation) -> [String: Any] {
    var described = described(operation.summary, gives: ["application/json": ["schema": operation.given.reference]])
    let parameters =
      (operation.path.contains("{id}") ? [parameter("id", "string", isIn: "path")] : [])
      + operation.parameters.sorted { $0.key < $1.key }.map { parameter($0.key, $0.value, isIn: "query") }
    if !parameters.isEmpty { described["parameters"] = parameters }
    if let taken = operation.taken {
      described["requestBody"] = ["required": true, "content": ["application/json": ["schema": taken.reference]]]
    }
    return described
  }

  static func described(_ summary: String, gives content: [String: Any]) -> [String: Any] {
    [
      "summary": summary,
      "responses": [
        "200": ["description": "Done.", "content": content],
        "default": [
          "description": "It was not done; the message says why and what to do.",
          "content": ["application/json": ["schema": ControlProblem.reference]],
        ],
      ],
    ]
  }

  private static func parameter(_ name: String, _ type: String, isIn place: String) -> [String: Any] {
    ["name": name, "in": place, "required": place == "path", "schema": ["type": type]]
  }

  /// The schemas of all types that operations take or give, and of the types inside them.
  private static var schemas: [String: Any] {
    var schemas: [String: Any] = ["Document": ["type": "object"]]
    var open = Operations.all.flatMap { [$0.taken, $0.given].compactMap { $0?.schema } } + [ControlProblem.schema]
    while let schema = open.popLast() {
      guard schemas[schema.name] == nil else { continue }
      schemas[schema.name] = schema.json
      open += schema.parts.map { $0.schema }
    }
    return schemas
  }
}
