import DedupCore
import Foundation

/// An operation of the control API: its method and path, what it takes and gives, and how a service answers it. Router,
/// client and description are all made from it.
struct Operation<Request: Sendable, Answer: Described>: Sendable {
  let method: OperationMethod
  /// The path. `{id}` in it stands for a value of the request.
  let path: String
  let summary: String
  let form: RequestForm<Request>
  let answer: @Sendable (any ControlService, Request) async throws -> Answer

  init(
    _ method: OperationMethod, _ path: String, _ summary: String, _ form: RequestForm<Request>,
    answer: @escaping @Sendable (any ControlService, Request) async throws -> Answer
  ) {
    (self.method, self.path, self.summary) = (method, path, summary)
    (self.form, self.answer) = (form, answer)
  }
}

/// The HTTP methods that operations use.
enum OperationMethod: String, Sendable {
  case get = "GET"
  case post = "POST"
  case delete = "DELETE"
}

/// An `Operation` of any types of request and answer, for the router and the description.
protocol AnyOperation: Sendable {
  var method: OperationMethod { get }
  var path: String { get }
  var summary: String { get }
  /// The query parameters and their types in JSON Schema.
  var parameters: [String: String] { get }
  /// The type in the body of a request, or nil if the body is empty.
  var taken: (any Described.Type)? { get }
  var given: any Described.Type { get }

  /// Answers a request, and returns the answer as JSON.
  ///
  /// - Parameter body: reads the body. Called only for a request that has one.
  /// - Throws: `ControlProblem` for a request that is not what the path takes, and every error of the service.
  func respond(
    _ service: any ControlService, _ values: RequestValues, body: () async throws -> Data
  ) async throws -> Data
}

extension Operation: AnyOperation {
  var parameters: [String: String] { form.parameters }
  var taken: (any Described.Type)? { form.body }
  var given: any Described.Type { Answer.self }

  func respond(
    _ service: any ControlService, _ values: RequestValues, body: () async throws -> Data
  ) async throws -> Data {
    let request = try form.read(values, form.body == nil ? Data() : try await body())
    return try ControlJSON.encode(try await answer(service, request))
  }
}

/// The table of all operations, for the router and the description.
enum Operations {
  static var all: [any AnyOperation] { errors + silences + queue + daemon }
}
