/// The paths for monitors and tools. They are no operations: each returns a text or a document of its own.
enum MonitoringPath {
  static let alive = "/healthz"
  static let ready = "/readyz"
  static let metrics = "/metrics"
  static let description = "/v1/openapi.json"

  /// The paths and their methods, with the text that describes each in OpenAPI.
  static var all: [(String, OperationMethod, [String: Any])] {
    let text: [String: Any] = ["text/plain": ["schema": ["type": "string"]]]
    let document: [String: Any] = ["application/json": ["schema": Schema.reference("Document")]]
    return [
      (alive, .get, APIDescription.described("Whether the relay answers. Takes no token.", gives: text)),
      (ready, .get, APIDescription.described("Whether it should get mail. Takes no token.", gives: text)),
      (metrics, .get, APIDescription.described("Metrics in the text format of Prometheus.", gives: text)),
      (description, .get, APIDescription.described("This document.", gives: document)),
    ]
  }
}
