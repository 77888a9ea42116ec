import Foundation

// The one place where a test waits in real time. What can be told the time gets a `ManualClock` instead.

/// Polls `look` every 10 milliseconds until it returns true, for effects of another thread. Returns false after about a
/// minute.
package func eventually(_ look: () async throws -> Bool) async throws -> Bool {
  for _ in 0..<6000 {
    if try await look() { return true }
    try await Task.sleep(for: .milliseconds(10))
  }
  return false
}

/// Lets real time pass, for the timers of event loops and for a peer that is slow: nothing may hang on the exact time.
package func letTimePass(_ duration: Duration) async throws { try await Task.sleep(for: duration) }

/// Holds up this thread, so that another one is likely to be in the middle of something. A test must hold also when it
/// is not.
package func holdThread(for duration: Duration) { Thread.sleep(forTimeInterval: duration / .seconds(1)) }
