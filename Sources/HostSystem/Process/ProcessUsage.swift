import Foundation
import Glibc

/// The resources that the process uses (proc(5)).
package struct ProcessUsage: Hashable, Sendable {
  package var residentOctets: Int
  package var openDescriptors: Int
  package var cpuSeconds: Double

  package static func current() -> ProcessUsage {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    // The second number is the resident set, in pages.
    let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ").dropFirst()
      .first.flatMap { Int($0) }
    let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count
    return ProcessUsage(
      residentOctets: (pages ?? 0) * sysconf(Int32(_SC_PAGESIZE)), openDescriptors: descriptors ?? 0,
      cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime))
  }

  private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }
}
