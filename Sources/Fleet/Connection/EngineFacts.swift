/// The facts that an engine states about itself (`INFO`).
package struct EngineFacts: Hashable, Sendable {
  package private(set) var version = ""
  /// Differs for each start of the engine and for each promotion to primary.
  package private(set) var run = ""
  package private(set) var role = ""
  private(set) var evictionPolicy = ""
  private(set) var isLoading = false

  package init() {}

  package init(info: String) {
    var fields: [Substring: Substring] = [:]
    for line in info.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[line[..<colon]] = line[line.index(after: colon)...]
    }
    func text(_ name: Substring) -> String { fields[name].map(String.init) ?? "" }
    version = fields["valkey_version"].map { "valkey \($0)" } ?? fields["redis_version"].map { "redis \($0)" } ?? ""
    run = "\(text("run_id").prefix(16))-\(text("master_replid").prefix(16))"
    role = text("role")
    evictionPolicy = text("maxmemory_policy")
    isLoading = text("loading") == "1"
  }

  /// The reason why it cannot be used; nil if it can.
  var obstacle: String? {
    if role != "master" { return "it is no primary (role \(role.isEmpty ? "unknown" : role))" }
    if isLoading { return "it is loading its data" }
    if run.count < 5 { return "it does not say which run it is" }
    return nil
  }

  /// The faults of its settings that an admin should know, a line each.
  package var warnings: [String] {
    evictionPolicy.isEmpty || evictionPolicy == "noeviction" || evictionPolicy.hasPrefix("volatile-ttl")
      ? []
      : [
        "its maxmemory-policy is \(evictionPolicy): it may forget windows when memory is short, which sends mails "
          + "too many; give the fleet an engine with noeviction"
      ]
  }
}

/// The reason why the engine gave no answer.
package enum EngineFailure: Error, Hashable, Sendable, CustomStringConvertible {
  case notConnected
  case noAnswer
  case lost
  case unreachable(String)
  case refused(String)
  case noEngine(String)

  package var description: String {
    switch self {
    case .notConnected: "there is no connection to the engine"
    case .noAnswer: "the engine did not answer in time"
    case .lost: "the connection to the engine was lost"
    case .unreachable(let text), .refused(let text), .noEngine(let text): text
    }
  }
}
