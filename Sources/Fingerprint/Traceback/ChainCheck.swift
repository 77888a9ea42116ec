import MailMessage

/// Checks whether the links of a traceback that Python printed can belong together.
///
/// The exception of a link was caught in its outermost frame. The exception that followed left that frame as well, or a
/// frame above it, so a later link shows the frame again. A visitor who chooses an exception's text can add links to
/// it, but has to know the code and its folders to add one that passes.
enum ChainCheck {
  /// The most links that are examined; no program prints a longer chain.
  private static let mostLinks = 64

  static func isPlausible(_ text: borrowing Span<UInt8>, _ traceback: Traceback, _ work: inout Int) -> Bool {
    // Groups print their members in another order, with margins that no message begins with.
    guard traceback.links.allSatisfy({ $0.depth == 0 }) else { return true }
    guard traceback.links.count <= mostLinks else { return false }
    var later = Set<UInt64>()
    for (index, link) in traceback.links.enumerated().reversed() {
      work += link.frames.count
      // Only a cause that was never raised has no frames.
      if link.frames.isEmpty, index > 0 { return false }
      if let first = link.frames.first, !later.isEmpty, !later.contains(name(text, traceback.frames[first])) {
        return false
      }
      for frame in link.frames { later.insert(name(text, traceback.frames[frame])) }
    }
    return true
  }

  /// A hash (FNV-1a) of the first 1000 octets of file and function.
  private static func name(_ text: borrowing Span<UInt8>, _ frame: TracebackFrame) -> UInt64 {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    for part in [frame.file, frame.function] {
      for index in part.prefix(1000) { value = (value ^ UInt64(text[index])) &* 0x100_0000_01b3 }
    }
    return value
  }
}
