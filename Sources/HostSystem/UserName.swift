import Glibc

/// Who runs this.
package enum UserName {
  /// The person behind sudo if there is one, else the user of the process; never empty.
  package static func current() -> String {
    if let name = getenv("SUDO_USER").map({ String(cString: $0) }), !name.isEmpty { return name }
    if let entry = getpwuid(geteuid()) { return String(cString: entry.pointee.pw_name) }
    return String(geteuid())
  }
}
