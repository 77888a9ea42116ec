import DedupCore
import Foundation

/// The form in which a request is sent: as values in the path and the query, or as JSON in the body.
struct RequestForm<Request: Sendable>: Sendable {
  /// The query parameters and their types in JSON Schema.
  let parameters: [String: String]
  let body: (any Described.Type)?
  let write: @Sendable (Request) throws -> WrittenRequest
  /// Reads a request.
  ///
  /// - Throws: `ControlProblem` if the values or the body are not such a request.
  let read: @Sendable (RequestValues, Data) throws -> Request
}

/// A request as it is sent.
struct WrittenRequest: Sendable {
  /// The value for `{id}` in the path, or nil if the path has no `{id}`.
  var id: String?
  /// The query parameters. A parameter without a value is left out.
  var query: KeyValuePairs<String, String?> = [:]
  var body = Data()

  /// Returns `path` with the id and the query filled in, percent-encoded.
  func path(_ path: String) -> String {
    let filled = id.map { path.replacing("{id}", with: Self.encoded($0)) } ?? path
    let said = query.compactMap { name, value in value.map { "\(name)=\(Self.encoded($0))" } }
    return said.isEmpty ? filled : "\(filled)?\(said.joined(separator: "&"))"
  }

  private static func encoded(_ value: String) -> String {
    value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
  }
}

/// The values in the path and the query of a request.
struct RequestValues {
  /// The value in the place of `{id}`. Empty if the path has no `{id}`.
  let id: String
  let query: (String) -> String?

  func text(_ name: String) -> String? { query(name) }

  func integer(_ name: String) -> Int? { query(name).flatMap { Int($0) } }

  func isTrue(_ name: String) -> Bool { query(name) == "true" }

  /// Returns a parameter that is a time in whole seconds since 1970, or nil if it is missing or not a number.
  func time(_ name: String) -> Timestamp? { query(name).flatMap { Int64($0) }.map { Timestamp(seconds: $0) } }

  /// Returns the value of `Choice` that a parameter names, or nil if the parameter is missing.
  ///
  /// - Parameter what: the name of such a value, for the message.
  /// - Throws: `ControlProblem` if the parameter names no value of `Choice`.
  func choice<Choice: RawRepresentable<String>>(_ name: String, _ what: String) throws -> Choice? {
    guard let text = query(name) else { return nil }
    guard let choice = Choice(rawValue: text) else {
      throw ControlProblem("\"\(text)\" is no \(what)", .malformed)
    }
    return choice
  }
}

extension RequestForm where Request == Void {
  /// The form of a request that consists of its path alone.
  static var nothing: Self { .init(parameters: [:], body: nil, write: { WrittenRequest() }, read: { _, _ in }) }
}

extension RequestForm where Request: Described {
  /// The form of a request with JSON in the body.
  static var json: Self {
    .init(parameters: [:], body: Request.self, write: { WrittenRequest(body: try ControlJSON.encode($0)) }) { _, body in
      do { return try ControlJSON.decode(Request.self, from: body) } catch {
        throw ControlProblem("the request is not what this path takes: \(error)", .malformed)
      }
    }
  }
}

extension RequestForm {
  /// Returns the form of a request with values in the path and the query.
  static func values(
    _ parameters: [String: String] = [:], write: @escaping @Sendable (Request) -> WrittenRequest,
    read: @escaping @Sendable (RequestValues) throws -> Request
  ) -> Self {
    .init(parameters: parameters, body: nil, write: write) { values, _ in try read(values) }
  }
}
