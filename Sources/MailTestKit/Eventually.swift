/// Looks again and again until `look` is true: for what another thread does in a time of its own. The one place where a
/// test waits; a minute goes by before it says false.
package func eventually(_ look: () async throws -> Bool) async throws -> Bool {
  for _ in 0..<6000 {
    if try await look() { return true }
    try await Task.sleep(for: .milliseconds(10))
  }
  return false
}
