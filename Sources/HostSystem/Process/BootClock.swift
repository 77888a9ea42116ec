import Glibc

/// A clock that never jumps and counts the time that the machine sleeps.
package enum BootClock {
  package static func now() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
  }
}
