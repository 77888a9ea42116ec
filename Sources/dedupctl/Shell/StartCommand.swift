import DedupCore
import HostSystem

/// The command that starts the relay of a configuration: a service for the installed one, the program for any other.
enum StartCommand {
  private static let service = "systemctl start maildedup.service"
  private static let installed = "/etc/maildedup/dedup.conf"

  static func of(_ path: String) -> String {
    path == installed ? service : "maildedup --config \(DisplayText.oneLine(path))"
  }

  /// Returns a remedy with the command for this configuration in place of the one for the installed relay.
  static func inRemedy(_ text: String, _ path: String) -> String { text.replacing(service, with: of(path)) }

  /// Returns the path of the configuration that the command line names, otherwise of this machine's configuration.
  static func configuration(in words: [String]) -> String {
    if let joined = words.last(where: { $0.hasPrefix("--config=") }) { return String(joined.dropFirst(9)) }
    let option = words.lastIndex { $0 == "-c" || $0 == "--config" }
    let named = option.flatMap { words.indices.contains($0 + 1) ? words[$0 + 1] : nil }
    return named ?? ConfigurationFile.defaultPath()
  }
}
