/// Polls `look` every 10 milliseconds until it returns true, for effects of another thread. Returns false after about a
/// minute. This is the only place where a test waits.
package func eventually(_ look: () async throws -> Bool) async throws -> Bool {
  for _ in 0..<6000 {
    if try await look() { return true }
    try await Task.sleep(for: .milliseconds(10))
  }
  return false
}
