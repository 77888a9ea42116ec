import MailMessage

/// Finds the frames that call each other in a RecursionError.
enum RecursionCycle {
  /// One frame for each member of the cycle: application frames if any recur, else those of libraries.
  static func frames(
    _ text: borrowing Span<UInt8>, _ traceback: Traceback, _ placed: [PlacedFrame], in range: Range<Int>
  ) -> [Int] {
    for place in [Place.application, .library, .runtime] {
      let found = members(text, traceback, placed, range, place)
      if !found.isEmpty { return found }
    }
    return []
  }

  private static func members(
    _ text: borrowing Span<UInt8>, _ traceback: Traceback, _ placed: [PlacedFrame], _ range: Range<Int>,
    _ place: Place
  ) -> [Int] {
    var first: [Int] = []
    var counts: [Int] = []
    // Distinct frames are few even in a huge traceback; 64 are looked at, so the search stays linear.
    for index in range where placed[index].place == place {
      let frame = traceback.frames[index]
      if let known = first.firstIndex(where: {
        text.same(traceback.frames[$0].source, frame.source)
          && text.same(traceback.frames[$0].function, frame.function)
          && text.same(traceback.frames[$0].file, frame.file)
      }) {
        counts[known] += frame.count
      } else if first.count < 64 {
        first.append(index)
        counts.append(frame.count)
      }
    }
    guard let most = counts.max(), most >= 3 else { return [] }
    return first.indices.filter { counts[$0] * 2 >= most }.map { first[$0] }
  }
}
