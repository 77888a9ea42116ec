package import DedupConfig
import Glibc

/// Finds and reads `dedup.conf`.
package enum ConfigurationFile {
  /// Why the configuration cannot be used: a line for each problem, with its place in the file and the remedy.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
    /// It may not be read.
    package var isPermission = false
  }

  /// `$MAILDEDUP_CONFIG`, else `/etc/maildedup/dedup.conf`, else `dedup.conf` in the working directory.
  package static func defaultPath() -> String {
    if let path = getenv("MAILDEDUP_CONFIG"), path.pointee != 0 { return String(cString: path) }
    let installed = "/etc/maildedup/dedup.conf"
    return access(installed, F_OK) == 0 ? installed : "dedup.conf"
  }

  /// Reads the file at `path`; relative paths in it count from its own folder.
  package static func load(_ path: String) throws(Failure) -> (configuration: Configuration, warnings: [Diagnostic]) {
    let parsed = try read(path)
    guard parsed.errors.isEmpty else {
      throw Failure(description: parsed.errors.map(\.description).joined(separator: "\n"))
    }
    return (parsed.configuration, parsed.warnings)
  }

  /// The same with whatever is wrong in it: enough to find a relay that runs with what stood there before.
  package static func read(_ path: String) throws(Failure) -> ParsedConfiguration {
    let bytes: [UInt8]
    do {
      bytes = try FileBytes.read(path)
    } catch {
      let remedy =
        error.isPermission
        ? "run as root or as a member of its group" : "name the configuration file with --config PATH"
      throw Failure(description: "\(error); \(remedy)", isPermission: error.isPermission)
    }
    var parsed = ConfigurationParser.parse(bytes, file: path)
    let folder = path.lastIndex(of: "/").map { path[..<$0].isEmpty ? "/" : String(path[..<$0]) } ?? ""
    parsed.configuration = parsed.configuration.resolvingPaths(against: folder)
    return parsed
  }
}
