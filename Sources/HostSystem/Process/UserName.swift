import Glibc

/// Who runs this.
package enum UserName {
  /// The person behind sudo if there is one, else the user of the process; never empty.
  package static func current() -> String {
    if let name = getenv("SUDO_USER").map({ String(cString: $0) }), !name.isEmpty { return name }
    return ofProcess()
  }

  /// Whose permissions count; never empty.
  package static func ofProcess() -> String {
    getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? String(geteuid())
  }
}

/// The groups of this machine.
package enum GroupName {
  /// Nil when there is none of that name.
  package static func id(of name: String) -> UInt32? { getgrnam(name).map { $0.pointee.gr_gid } }
}
