package import DedupConfig
import Foundation
import Glibc

/// Finds and reads `dedup.conf`, the files in `conf.d` beside it, and the environment.
package enum ConfigurationFile {
  /// The limit in octets; the parser refuses longer files.
  private static let mostOctets = 1 << 20

  /// The reason why the configuration cannot be used: a line for each problem, with its position and the remedy.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
    /// True if permission to read a file was denied.
    package var isPermission = false
  }

  /// Returns `$MAILDEDUP_CONFIG`, else `/etc/maildedup/dedup.conf`, else `dedup.conf` in the working directory.
  package static func defaultPath() -> String {
    if let path = getenv("MAILDEDUP_CONFIG"), path.pointee != 0 { return String(cString: path) }
    let installed = "/etc/maildedup/dedup.conf"
    // A file that we may not even look for may exist all the same; using another one would only puzzle admins.
    return access(installed, F_OK) == 0 || errno == EACCES ? installed : "dedup.conf"
  }

  /// Reads the file at `path` and all that belongs to it; relative paths are resolved against its folder.
  package static func load(_ path: String) throws(Failure) -> (configuration: Configuration, warnings: [Diagnostic]) {
    let parsed = try read(path)
    guard parsed.errors.isEmpty else {
      throw Failure(description: parsed.errors.map(\.description).joined(separator: "\n"))
    }
    return (parsed.configuration, parsed.warnings)
  }

  /// Reads the same, with all errors in the result: enough to find a relay that still runs with an earlier version.
  package static func read(_ path: String) throws(Failure) -> ParsedConfiguration {
    let folder = path.lastIndex(of: "/").map { path[..<$0].isEmpty ? "/" : String(path[..<$0]) } ?? ""
    let environment = ProcessInfo.processInfo.environment
    let isOptional = isOptional(path, environment)
    var texts: [ConfigurationText] = []
    for file in [path] + (try includes(beside: folder)) {
      do {
        texts.append(ConfigurationText(file: file, bytes: try FileBytes.read(file, most: mostOctets)))
      } catch {
        if file == path, isOptional { continue }
        let remedy =
          error.isPermission
          ? "run as root or as a member of its group" : "name the configuration file with --config PATH"
        throw Failure(description: "\(error); \(remedy)", isPermission: error.isPermission)
      }
    }
    var parsed = ConfigurationParser.parse(texts, environment: environment)
    parsed.configuration = parsed.configuration.resolvingPaths(against: folder)
    return parsed
  }

  /// Returns `conf.d/*.conf`, in the order of their names (their octets); names that begin with a dot are left out.
  private static func includes(beside folder: String) throws(Failure) -> [String] {
    let includes = folder.isEmpty ? "conf.d" : "\(folder == "/" ? "" : folder)/conf.d"
    guard access(includes, F_OK) == 0 else { return [] }
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: includes) } catch {
      // Leaving these files out would give another configuration.
      throw Failure(
        description: "cannot look into \(includes); run as root or as a member of its group",
        isPermission: access(includes, R_OK | X_OK) != 0)
    }
    return names.filter { $0.hasSuffix(".conf") && !$0.hasPrefix(".") }
      .sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }.map { "\(includes)/\($0)" }
  }

  /// Returns true if the file may be missing: a container with all keys in the environment needs none, unless one was
  /// named.
  private static func isOptional(_ path: String, _ environment: [String: String]) -> Bool {
    path == "dedup.conf" && environment["MAILDEDUP_CONFIG"] == nil && access(path, F_OK) != 0
      && ConfigurationParser.hasKeys(in: environment)
  }
}
