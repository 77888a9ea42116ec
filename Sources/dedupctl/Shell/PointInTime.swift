import ArgumentParser
import ControlAPI
import DedupConfig
import DedupCore
import Foundation

/// A time as people write it: a duration ago, a day, or a day and a time in the zone of this machine.
struct PointInTime {
  private enum Form {
    case ago(Duration)
    case at(Timestamp)
  }

  private let form: Form

  /// Reads a time.
  ///
  /// - Throws: `ValidationError` for any other text.
  init(_ text: String) throws {
    if let duration = try? DurationText.read(text) {
      form = .ago(duration)
      return
    }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    for format in ["yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd HH:mm", "yyyy-MM-dd"] {
      formatter.dateFormat = format
      guard let date = formatter.date(from: text) else { continue }
      form = .at(Timestamp(date))
      return
    }
    let shown = DisplayText.oneLine(text, limit: 60)
    throw ValidationError("\"\(shown)\" is not a time; write 2h, 7d, 2026-11-26 or 2026-11-26T14:00")
  }

  func before(_ now: Timestamp) -> Timestamp {
    switch form {
    case .ago(let duration): now.advanced(by: .zero - duration)
    case .at(let time): time
    }
  }
}
