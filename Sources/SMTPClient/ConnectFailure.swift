import DedupCore
import NIOCore
import NIOPosix

import Glibc

/// Returns why no connection could be made, as one line for the admin.
func describe(_ error: any Error, _ smarthost: Smarthost) -> String {
  guard let failure = error as? NIOConnectionError else { return "cannot connect to \(smarthost): \(cause(error))" }
  guard let attempt = failure.connectionErrors.last else {
    return "cannot resolve \(smarthost.host): no address found (is the name right, and does DNS work?)"
  }
  return "cannot connect to \(smarthost): \(cause(attempt.error))"
}

private func cause(_ error: any Error) -> String {
  switch error {
  case let error as IOError: String(cString: strerror(error.errnoCode))
  case ChannelError.connectTimeout(let limit): "no answer within \(Duration(limit))"
  case is SocketAddressError: "not an address"
  default: "\(error)"
  }
}
