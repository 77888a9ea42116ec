/// Durations on a command line, written as in `dedup.conf`.
package enum DurationText {
  /// The reason why a text is no duration, with advice what to write instead.
  package struct Problem: Error, CustomStringConvertible {
    package let description: String
  }

  /// Reads a duration like `90s`, `10min`, `1h` or `30d`, up to ten years.
  package static func read(_ text: String) throws(Problem) -> Duration {
    do throws(ValueProblem) {
      return try ValueFormat<Duration>.duration(.zero ... .seconds(3650 * 86_400)).read(text)
    } catch {
      throw Problem(description: error.message(exampleOfKey: "30d"))
    }
  }
}
