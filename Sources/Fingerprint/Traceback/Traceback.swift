import MailMessage

/// One frame of a traceback, as ranges into the report's text.
///
///       File "/srv/app/shop/pricing.py", line 41, in bulk_price
///             |file                   |             |function |
///         total += line.price
///         |source           |
struct TracebackFrame: Sendable, Equatable {
  var file: Range<Int>
  /// The name of the function. Empty for the place that a SyntaxError points at, which has none.
  var function: Range<Int>
  /// The line of code, without indentation. Empty if Python could not read the source.
  var source: Range<Int>
  /// The number of times that the frame occurs in a row, from `[Previous line repeated 975 more times]`.
  var count = 1
}

/// One exception of a chain: what was raised and where.
struct ChainLink: Sendable, Equatable {
  /// The relation of an exception to the one printed before it.
  enum Origin: Sendable, Equatable {
    /// The first of its chain.
    case first
    /// A cause that was named, by `raise … from …`:
    /// `The above exception was the direct cause of the following exception`.
    case directCause
    /// An exception during the handling of another:
    /// `During handling of the above exception, another exception occurred`.
    case context
  }

  var origin = Origin.first
  /// Indices of its frames in `Traceback.frames`, outermost first.
  var frames: Range<Int>
  /// The exception's type as printed, with its module. Empty for the causes in Django's reports, which do not print it.
  var type: Range<Int>
  /// The result of `str(exception)`, perhaps many lines.
  var text: Range<Int>
  /// The number of exception groups around it; 0 outside of groups.
  var depth = 0
  /// True if no visitor can have written this link. False for a link in the middle of a chain, which the text of a
  /// cause may have forged.
  var isCertain = true
}

/// A traceback with its chain, the first cause first.
struct Traceback: Sendable, Equatable {
  var frames: [TracebackFrame] = []
  var links: [ChainLink] = []
  /// True if there were more frames than the limit; the rest was not read.
  var isCut = false
  /// True if the text ends before the exception that the frames lead to.
  var isTruncated = false

  /// The index of the exception that was reported in the end: the last one outside of groups.
  var finalIndex: Int? {
    guard let depth = links.map(\.depth).min() else { return nil }
    return links.lastIndex { $0.depth == depth }
  }
}
