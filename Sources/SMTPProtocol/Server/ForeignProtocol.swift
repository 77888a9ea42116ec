/// Tells requests of other protocols from SMTP. A browser can be made to send us one with SMTP commands in its body
/// (cross-protocol request forgery), so the session ends at its first line, before the body is read.
enum ForeignProtocol {
  private static let methods = ["get", "post", "put", "head", "connect", "options", "delete", "patch", "trace", "pri"]

  /// True if the line is an HTTP request or looks like a header field (`Host: …`). No SMTP verb ends in a colon.
  static func isSpoken(in line: ArraySlice<UInt8>) -> Bool {
    let word = line.prefix { $0 != UInt8(ascii: " ") }
    if word.last == UInt8(ascii: ":") { return true }
    guard word.count <= 7, word.endIndex < line.endIndex else { return false }
    return methods.contains { word.elementsEqual($0.utf8) { $0.asciiLowercased == $1 } }
  }
}
