package import DedupCore
import Foundation
import NIOHTTP1

// The queue, and the way out of it.
extension ControlClient {
  package func queue(_ filter: QueueFilter) async throws -> [QueuedMail] {
    try await request(
      .GET,
      Self.path(
        ControlPath.queue,
        [
          "kind": filter.kind?.rawValue, "state": filter.state?.rawValue, "sender": filter.sender,
          "recipient": filter.recipient, "limit": "\(filter.limit)",
        ]))
  }

  package func queued(id: String, octets: Int) async throws -> [QueuedMailDetail] {
    // Anything but the digits of an id names nothing and must not become part of a path.
    guard QueueID.range(of: id) != nil else { return [] }
    return try await request(.GET, Self.path("\(ControlPath.queue)/\(id)", ["octets": "\(octets)"]))
  }

  package func change(_ verb: QueueVerb, _ request: QueueChangeRequest) async throws -> QueueChangeReport {
    try await self.request(.POST, "\(ControlPath.queue)/\(verb.rawValue)", try ControlJSON.encode(request))
  }

  package func probe(to host: String?, sender: String?, recipient: String?) async throws -> [UpstreamProbe] {
    try await request(
      .POST, Self.path(ControlPath.upstream, ["to": host, "sender": sender, "recipient": recipient]))
  }

  /// A path with those parameters that have a value.
  static func path(_ path: String, _ parameters: KeyValuePairs<String, String?>) -> String {
    let said = parameters.compactMap { name, value in
      value?.addingPercentEncoding(withAllowedCharacters: .alphanumerics).map { "\(name)=\($0)" }
    }
    return said.isEmpty ? path : "\(path)?\(said.joined(separator: "&"))"
  }
}
