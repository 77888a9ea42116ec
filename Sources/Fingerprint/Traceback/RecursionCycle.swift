import MailMessage

/// Finds the frames that call each other in a RecursionError.
enum RecursionCycle {
  /// Returns one frame for each member of the cycle: application frames if any recur, else those of libraries, else
  /// those of the runtime.
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
    // Even a huge traceback has few distinct frames. 64 are examined, so the search stays linear.
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

extension KeyDeriver {
  /// True for a RecursionError. Python 2 has no type of its own for it, so there the text decides.
  func isRecursion(_ text: borrowing Span<UInt8>, _ link: ChainLink, _ name: Range<Int>) -> Bool {
    if text.equals(name, "RecursionError") { return true }
    guard !algorithm.asksForPlace || text.equals(name, "RuntimeError") else { return false }
    return text.has("maximum recursion depth exceeded", at: link.text.lowerBound, before: link.text.upperBound)
  }

  /// Returns a key made of the frames of the cycle: where the limit strikes is chance, the frames of the cycle are not.
  /// Nil if there is no cycle.
  func recursion(_ text: borrowing Span<UInt8>, _ link: ChainLink, _ name: Range<Int>) -> ErrorKey? {
    let cycle = RecursionCycle.frames(text, traceback, placed, in: link.frames)
    guard let first = cycle.first else { return nil }
    var writer = KeyWriter(.recursion)
    writer.add(text, name)
    for line in cycle.map({ frameLine(text, $0) }).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      writer.add(line)
    }
    if let entry = entry(to: cycle, in: link.frames) { addFrame(text, entry, to: &writer) }
    return ErrorKey(rule: .recursion, bytes: writer.bytes, family: nil, frame: first)
  }
}
