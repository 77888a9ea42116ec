package import Foundation

/// The control API, described for programs (OpenAPI 3.1).
///
/// Each path says what it takes and gives; the schemas are those of the JSON types beside it. Tests compare it with the
/// router and validate real answers against it.
package enum APIDescription {
  package static func json() throws -> Data {
    let document: [String: Any] = [
      "openapi": "3.1.0",
      "info": [
        "title": "MailDedup control API", "version": "1",
        "description": "What dedupctl asks of a running relay. Times are ISO 8601 UTC, keys are only ever added.",
      ],
      "paths": Dictionary(uniqueKeysWithValues: Operation.all.map { ($0.path, $0.methods) }.grouped()),
      "components": ["schemas": APISchemas.all, "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]]],
      "security": [["token": []], [:]],
    ]
    return try JSONSerialization.data(
      withJSONObject: document, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
  }

  /// Every method and path, as the router has them.
  package static var operations: [(method: String, path: String)] { Operation.all.map { ($0.method, $0.path) } }
}

extension [(String, [String: Any])] {
  /// The methods of one path together.
  fileprivate func grouped() -> [(String, [String: Any])] {
    Dictionary(grouping: self) { $0.0 }.map { path, all in
      (path, all.map(\.1).reduce(into: [:]) { $0.merge($1) { first, _ in first } })
    }
  }
}

/// One thing that can be asked.
private struct Operation {
  var method: String
  var path: String
  var summary: String
  /// Names of query parameters with their types.
  var query: KeyValuePairs<String, String> = [:]
  /// The schema of the request.
  var takes: String?
  /// The schema of the answer; nil: text.
  var gives: String?
  var givesList = false

  var methods: [String: Any] {
    var operation: [String: Any] = ["summary": summary, "responses": responses]
    let parameters = pathParameters + query.map(Self.parameter)
    if !parameters.isEmpty { operation["parameters"] = parameters }
    if let takes {
      operation["requestBody"] = ["required": true, "content": ["application/json": ["schema": Self.reference(takes)]]]
    }
    return [method.lowercased(): operation]
  }

  private var responses: [String: Any] {
    var content: [String: Any] = ["text/plain": ["schema": ["type": "string"]]]
    if let gives {
      let schema: [String: Any] =
        givesList ? ["type": "array", "items": Self.reference(gives)] : Self.reference(gives)
      content = ["application/json": ["schema": schema]]
    }
    return [
      "200": ["description": "Done.", "content": content],
      "default": [
        "description": "It was not done; the message says why and what to do.",
        "content": ["application/json": ["schema": Self.reference("Problem")]],
      ],
    ]
  }

  private var pathParameters: [[String: Any]] {
    path.split(separator: "/").filter { $0.hasPrefix("{") }.map {
      ["name": String($0.dropFirst().dropLast()), "in": "path", "required": true, "schema": ["type": "string"]]
    }
  }

  private static func parameter(_ name: String, _ type: String) -> [String: Any] {
    ["name": name, "in": "query", "required": false, "schema": ["type": type]]
  }

  private static func reference(_ schema: String) -> [String: Any] { ["$ref": "#/components/schemas/\(schema)"] }

  static let all: [Operation] = monitoring + errors + admin + queue + daemon

  private static let monitoring = [
    Operation(method: "GET", path: ControlPath.alive, summary: "Whether the relay answers. Takes no token."),
    Operation(method: "GET", path: ControlPath.ready, summary: "Whether it should get mail. Takes no token."),
    Operation(method: "GET", path: ControlPath.metrics, summary: "Metrics in the text format of Prometheus."),
    Operation(
      method: "GET", path: ControlPath.description, summary: "This document.", gives: "Document"),
  ]

  private static let errors = [
    Operation(
      method: "GET", path: ControlPath.errors, summary: "Errors.",
      query: [
        "all": "boolean", "site": "string", "since": "integer", "first_since": "integer", "rule": "string",
        "silenced": "boolean", "sort": "string", "reverse": "boolean", "limit": "integer",
      ], gives: "Error", givesList: true),
    Operation(
      method: "GET", path: "\(ControlPath.errors)/{id}", summary: "Errors whose ids begin so, with all that is kept.",
      gives: "ErrorDetail", givesList: true),
    Operation(
      method: "GET", path: ControlPath.export, summary: "Every error once, in pages.",
      query: ["after": "integer", "limit": "integer"], gives: "ExportPage"),
    Operation(
      method: "GET", path: ControlPath.groupings, summary: "What the admin merged and split.", gives: "Grouping",
      givesList: true),
    Operation(
      method: "GET", path: ControlPath.statistics, summary: "Sums over all that is known.",
      query: ["days": "integer"], gives: "Statistics"),
    Operation(
      method: "POST", path: ControlPath.pass, summary: "Let the next mail of an error out.", takes: "Selector",
      gives: "ErrorName", givesList: true),
    Operation(
      method: "POST", path: ControlPath.copies, summary: "Send the mails that are kept of an error.",
      takes: "CopyRequest", gives: "CopyReport", givesList: true),
  ]

  private static let admin = [
    Operation(
      method: "GET", path: ControlPath.silences, summary: "Silences, the newest first.", query: ["all": "boolean"],
      gives: "Silence", givesList: true),
    Operation(
      method: "POST", path: ControlPath.silences, summary: "Make a silence.", takes: "SilenceRequest",
      gives: "Silence", givesList: true),
    Operation(
      method: "DELETE", path: "\(ControlPath.silences)/{id}", summary: "End a silence.", query: ["author": "string"],
      gives: "Silence", givesList: true),
    Operation(
      method: "POST", path: ControlPath.resolve, summary: "Say that an error is fixed.", takes: "Selector",
      gives: "ErrorName", givesList: true),
    Operation(
      method: "POST", path: ControlPath.merge, summary: "Make errors one.", takes: "MergeRequest",
      gives: "MergeReport", givesList: true),
    Operation(
      method: "POST", path: ControlPath.split, summary: "Undo a merge, or split an error by its variants.",
      takes: "Selector", gives: "SplitReport", givesList: true),
    Operation(
      method: "POST", path: ControlPath.purge, summary: "Remove mails that are kept of errors.", takes: "PurgeRequest",
      gives: "PurgeReport"),
  ]

  private static let queue =
    [
      Operation(
        method: "GET", path: ControlPath.queue, summary: "The mails that wait, the oldest first.",
        query: ["kind": "string", "state": "string", "sender": "string", "recipient": "string", "limit": "integer"],
        gives: "QueuedMail", givesList: true),
      Operation(
        method: "GET", path: "\(ControlPath.queue)/{id}", summary: "Mails whose ids begin so, with what is in them.",
        query: ["octets": "integer"], gives: "QueuedMailDetail", givesList: true),
    ]
    + QueueVerb.allCases.map {
      Operation(
        method: "POST", path: "\(ControlPath.queue)/\($0.rawValue)", summary: "\($0.rawValue.capitalized) mails.",
        takes: "QueueChangeRequest", gives: "QueueChangeReport")
    }

  private static let daemon = [
    Operation(method: "GET", path: ControlPath.status, summary: "How the relay is.", gives: "Status"),
    Operation(
      method: "POST", path: ControlPath.upstream, summary: "Try the next hop without a mail.",
      query: ["to": "string", "sender": "string", "recipient": "string"], gives: "UpstreamProbe", givesList: true),
    Operation(
      method: "GET", path: ControlPath.summary, summary: "A summary that is not sent.",
      query: ["days": "integer", "site": "string"], gives: "SummaryPreview"),
    Operation(
      method: "POST", path: ControlPath.summary, summary: "Queue a summary now.",
      query: ["days": "integer", "site": "string"], gives: "SummarySent"),
    Operation(
      method: "POST", path: ControlPath.reload, summary: "Read the configuration again.", gives: "ReloadReport"),
  ]
}
