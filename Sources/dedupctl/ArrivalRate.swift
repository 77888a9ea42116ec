/// How many mails of each error came within the last minute, from counts that are looked at now and then.
///
/// Until a minute has been looked at, the part that was not counts with the mean of the last hour: so a view does not
/// show two seconds times thirty.
struct ArrivalRate {
  private struct Look {
    let at: Double
    let totals: [String: Int]
  }

  private static let minute = 60.0
  /// The oldest is the latest that is a minute old, if there is one.
  private var looks: [Look] = []

  /// - Parameter now: seconds on a clock that does not jump.
  mutating func look(at now: Double, _ totals: [String: Int]) {
    looks.append(Look(at: now, totals: totals))
    while looks.count > 2, now - looks[1].at >= Self.minute { looks.removeFirst() }
  }

  /// Mails within the minute before the latest look.
  ///
  /// - Parameter hourly: mails of it within the last hour.
  func perMinute(_ name: String, hourly: Double) -> Double {
    guard let first = looks.first, let last = looks.last, last.at > first.at, let total = last.totals[name] else {
      return hourly / 60
    }
    // It is new since then, so all of it came since.
    let came = Double(max(0, total - (first.totals[name] ?? 0)))
    let looked = last.at - first.at
    guard looked < Self.minute else { return came * Self.minute / looked }
    return came + hourly / 60 * (Self.minute - looked) / Self.minute
  }
}
