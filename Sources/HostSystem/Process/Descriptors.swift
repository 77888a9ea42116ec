import Glibc

/// The number of files and sockets that the process may have open (RLIMIT_NOFILE of getrlimit(2)).
package enum Descriptors {
  /// The descriptors that the relay needs besides one for each client: the database, spool and body files, deliveries,
  /// listening sockets, the control API, event loops.
  package static let reserve = 128

  /// Raises the limit as far as the process may: a soft limit of 1,024 is meant for programs that use select(2).
  ///
  /// - Returns: the limit from now on.
  @discardableResult
  package static func raiseLimit() -> Int {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limit) == 0 else { return 1024 }
    if limit.rlim_cur < limit.rlim_max {
      let raised = rlimit(rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max)
      if withUnsafePointer(to: raised, { setrlimit(resource, $0) }) == 0 { limit = raised }
    }
    return Int(clamping: limit.rlim_cur)
  }
}
