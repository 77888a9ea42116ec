package import DedupCore
import Glibc
package import RelayMail

/// The clock of the machine.
package enum WallClock {
  package static func now() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }
}

/// The time zone of the machine (`TZ`, else /etc/localtime).
package enum LocalTime {
  /// Returns the seconds east of UTC that are in force at `timestamp`.
  package static func offset(at timestamp: Timestamp) -> Int {
    var seconds = time_t(timestamp.seconds)
    var parts = tm()
    return localtime_r(&seconds, &parts) == nil ? 0 : parts.tm_gmtoff
  }
}

extension SummaryBuilder {
  /// Returns a builder that shows times in the time zone of this machine.
  package static func local(top: Int, hostname: String, at now: Timestamp) -> SummaryBuilder {
    SummaryBuilder(top: top, utcOffsetMinutes: LocalTime.offset(at: now) / 60, hostname: hostname)
  }
}
