import DedupCore
import Foundation
import Synchronization

@testable import ControlAPI

/// Values of the types of the control API with every key that their schemas name.
enum Sample {
  /// Returns a value of a type, decoded from JSON that has all keys of its schema.
  static func filled<Value: Described>(_ type: Value.Type = Value.self) throws -> Value {
    let document = try JSONSerialization.jsonObject(with: APIDescription.json()) as? [String: Any]
    let schemas = (document?["components"] as? [String: Any])?["schemas"] as? [String: Any] ?? [:]
    let value = json(of: type.reference, schemas, inside: [])
    return try ControlJSON.decode(type, from: JSONSerialization.data(withJSONObject: value))
  }

  /// Returns JSON as a schema describes it. A list of what it stands in is empty: some types hold their own kind.
  private static func json(of schema: [String: Any], _ schemas: [String: Any], inside names: [String]) -> Any {
    if let reference = schema["$ref"] as? String, let name = reference.split(separator: "/").last.map(String.init) {
      let properties = (schemas[name] as? [String: Any])?["properties"] as? [String: [String: Any]] ?? [:]
      return properties.mapValues { json(of: $0, schemas, inside: names + [name]) }
    }
    switch schema["type"] as? String {
    case "array":
      let items = schema["items"] as? [String: Any] ?? [:]
      let name = (items["$ref"] as? String)?.split(separator: "/").last.map(String.init)
      return name.map(names.contains) == true ? [] : [json(of: items, schemas, inside: names)]
    case "integer": return 7
    case "boolean": return true
    default: return schema["format"] as? String == "date-time" ? "2026-11-22T14:02:05Z" : "text"
    }
  }
}

/// A service that notes what it is asked, and gives full samples as answers.
final class NotedService: ControlService {
  private let notes = Mutex<[String]>([])

  var asked: [String] { notes.withLock { $0 } }

  private func note(_ question: String) { notes.withLock { $0.append(question) } }

  private func answer<Answer: Described>(_ question: String) throws -> Answer {
    note(question)
    return try Sample.filled()
  }

  func errors(_ query: FingerprintQuery) async throws -> [ErrorEntry] { try answer("errors \(query)") }
  func error(id: String) async throws -> [ErrorDetail] { try answer("error \(id)") }
  func export(after: Int, limit: Int) async throws -> ExportPage { try answer("export \(after) \(limit)") }
  func groupings() async throws -> [GroupingEntry] { try answer("groupings") }
  func statistics(days: Int) async throws -> StatisticsReport { try answer("statistics \(days)") }
  func passNext(_ selector: ErrorSelector) async throws -> [ErrorName] { try answer("pass \(selector)") }
  func sendCopies(_ request: CopyRequest) async throws -> [CopyReport] { try answer("copies \(request)") }
  func resolve(_ selector: ErrorSelector) async throws -> [ErrorName] { try answer("resolve \(selector)") }
  func merge(_ request: MergeRequest) async throws -> [MergeReport] { try answer("merge \(request)") }
  func split(_ selector: ErrorSelector) async throws -> [SplitReport] { try answer("split \(selector)") }
  func purge(_ request: PurgeRequest) async throws -> PurgeReport { try answer("purge \(request)") }
  func silences(all: Bool) async throws -> [SilenceEntry] { try answer("silences \(all)") }
  func silence(_ request: SilenceRequest) async throws -> [SilenceEntry] { try answer("silence \(request)") }
  func endSilence(_ id: Int, author: String?) async throws -> [SilenceEntry] {
    try answer("end \(id) \(author ?? "nobody")")
  }
  func queue(_ filter: QueueFilter) async throws -> [QueuedMail] { try answer("queue \(filter)") }
  func queued(id: String, octets: Int) async throws -> [QueuedMailDetail] { try answer("queued \(id) \(octets)") }
  func change(_ verb: QueueVerb, _ request: QueueChangeRequest) async throws -> QueueChangeReport {
    try answer("\(verb) \(request)")
  }
  func probe(_ request: ProbeRequest) async throws -> [UpstreamProbe] { try answer("probe \(request)") }
  func status() async throws -> StatusReport { try answer("status") }
  func previewSummary(_ request: SummaryRequest) async throws -> SummaryPreview { try answer("preview \(request)") }
  func sendSummary(_ request: SummaryRequest) async throws -> SummarySent { try answer("summary \(request)") }
  func reload() async throws -> ReloadReport { try answer("reload") }
  func fleet(_ request: FleetRequest) async throws -> FleetReport { try answer("fleet \(request)") }

  func metrics() async throws -> String {
    note("metrics")
    return "maildedup_up 1\n"
  }

  func obstacles() async -> [String] {
    note("obstacles")
    return []
  }
}
