import MailMessage

/// One frame of a traceback, as ranges into the report's text.
///
///       File "/srv/app/shop/pricing.py", line 41, in bulk_price
///             |file                   |             |function |
///         total += line.price
///         |source           |
struct TracebackFrame: Sendable, Equatable {
  var file: Range<Int>
  /// Empty for the place a SyntaxError points at, which has no function.
  var function: Range<Int>
  /// The line of code, without indentation; empty where Python could not read the source.
  var source: Range<Int>
  /// How often the frame stands here: `[Previous line repeated 975 more times]`.
  var count = 1
}

/// One exception of a chain: what was raised and where.
struct ChainLink: Sendable, Equatable {
  /// How this exception came to follow the one printed before it.
  enum Origin: Sendable, Equatable {
    /// The first of its chain.
    case first
    /// `raise … from …`: `The above exception was the direct cause of the following exception`.
    case directCause
    /// `During handling of the above exception, another exception occurred`.
    case context
  }

  var origin = Origin.first
  /// Indices of its frames in `Traceback.frames`, outermost first.
  var frames: Range<Int>
  /// As printed, with its module; empty for the causes in Django's reports, which do not print it.
  var type: Range<Int>
  /// What `str(exception)` gave, perhaps many lines.
  var text: Range<Int>
  /// How deep in exception groups it stands; 0 outside.
  var depth = 0
  /// Whether no visitor can have written this link: false for one in the middle of a chain that a cause's text may have forged.
  var isCertain = true
}

/// A traceback with its chain, the first cause first.
struct Traceback: Sendable, Equatable {
  var frames: [TracebackFrame] = []
  var links: [ChainLink] = []
  /// There were more frames than the limit; the rest was not read.
  var isCut = false
  /// The text ends before the exception that the frames lead to.
  var isTruncated = false

  /// The exception that was reported in the end: the last one outside of groups.
  var finalIndex: Int? {
    guard let depth = links.map(\.depth).min() else { return nil }
    return links.lastIndex { $0.depth == depth }
  }
}
