import Glibc

/// The name of the user who runs this process.
package enum UserName {
  /// Returns the user who called sudo if there is one, else the user of the process; never empty.
  package static func current() -> String {
    if let name = getenv("SUDO_USER").map({ String(cString: $0) }), !name.isEmpty { return name }
    return ofProcess()
  }

  /// Returns the user whose permissions apply (the effective user); never empty.
  package static func ofProcess() -> String {
    getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? String(geteuid())
  }
}

/// The groups of this machine.
package enum GroupName {
  /// Returns the id of the group with this name; nil if there is none.
  package static func id(of name: String) -> UInt32? { getgrnam(name).map { $0.pointee.gr_gid } }
}
