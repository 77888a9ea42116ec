/// The numbers of all mails ever acknowledged, by outcome. `accepted` is the sum of the others.
package struct Totals: Hashable, Sendable, Codable {
  /// The number of ordinary mails, queued as they arrived.
  package var passed: Int
  /// The number of mails forwarded because of a doubt.
  package var doubtful: Int
  /// The number of error reports forwarded.
  package var forwarded: Int
  /// The number of error reports held back and counted.
  package var suppressed: Int

  package init(passed: Int = 0, doubtful: Int = 0, forwarded: Int = 0, suppressed: Int = 0) {
    self.passed = passed
    self.doubtful = doubtful
    self.forwarded = forwarded
    self.suppressed = suppressed
  }

  package var accepted: Int { passed + doubtful + forwarded + suppressed }
}
