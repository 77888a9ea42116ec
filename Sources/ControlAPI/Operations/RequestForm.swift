import DedupCore
import Foundation

/// The form in which a request travels: as values of path and query, or as JSON in the body.
struct RequestForm<Request: Sendable>: Sendable {
  /// The query parameters and their types in JSON Schema.
  let parameters: [String: String]
  let body: (any Described.Type)?
  let write: @Sendable (Request) throws -> WrittenRequest
  /// - Throws: `ControlProblem` for what is no such request.
  let read: @Sendable (RequestValues, Data) throws -> Request
}

/// A request as it travels.
struct WrittenRequest: Sendable {
  /// The value for `{id}` in the path.
  var id: String?
  /// The query parameters; one without a value is left out.
  var query: KeyValuePairs<String, String?> = [:]
  var body = Data()

  /// The path with its values, percent-encoded.
  func path(_ path: String) -> String {
    let filled = id.map { path.replacing("{id}", with: Self.encoded($0)) } ?? path
    let said = query.compactMap { name, value in value.map { "\(name)=\(Self.encoded($0))" } }
    return said.isEmpty ? filled : "\(filled)?\(said.joined(separator: "&"))"
  }

  private static func encoded(_ value: String) -> String {
    value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
  }
}

/// The values of a request that stand in its path and its query.
struct RequestValues {
  /// The value in the place of `{id}`.
  let id: String
  let query: (String) -> String?

  func text(_ name: String) -> String? { query(name) }

  func integer(_ name: String) -> Int? { query(name).flatMap { Int($0) } }

  func isTrue(_ name: String) -> Bool { query(name) == "true" }

  /// A time in whole seconds since 1970.
  func time(_ name: String) -> Timestamp? { query(name).flatMap { Int64($0) }.map { Timestamp(seconds: $0) } }

  /// One of the values of `Choice`, or nil where the request names none.
  ///
  /// - Parameter what: what the values are, for the message.
  /// - Throws: `ControlProblem` for a word that is no such value.
  func choice<Choice: RawRepresentable<String>>(_ name: String, _ what: String) throws -> Choice? {
    guard let text = query(name) else { return nil }
    guard let choice = Choice(rawValue: text) else {
      throw ControlProblem("\"\(text)\" is no \(what)", .malformed)
    }
    return choice
  }
}

extension RequestForm where Request == Void {
  /// A request that says nothing beyond its path.
  static var nothing: Self { .init(parameters: [:], body: nil, write: { WrittenRequest() }, read: { _, _ in }) }
}

extension RequestForm where Request: Described {
  /// A request in JSON.
  static var json: Self {
    .init(parameters: [:], body: Request.self, write: { WrittenRequest(body: try ControlJSON.encode($0)) }) { _, body in
      do { return try ControlJSON.decode(Request.self, from: body) } catch {
        throw ControlProblem("the request is not what this path takes: \(error)", .malformed)
      }
    }
  }
}

extension RequestForm {
  /// A request whose values stand in path and query.
  static func values(
    _ parameters: [String: String] = [:], write: @escaping @Sendable (Request) -> WrittenRequest,
    read: @escaping @Sendable (RequestValues) throws -> Request
  ) -> Self {
    .init(parameters: parameters, body: nil, write: write) { values, _ in try read(values) }
  }
}
