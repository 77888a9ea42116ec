/// A position in a configuration file.
package struct SourcePosition: Hashable, Sendable {
  /// The file as the caller named it.
  package var file: String
  /// The line, 1 for the first; 0 if there are no lines: in the environment.
  package var line: Int
  /// The column, 1 for the first character, in Unicode scalars: a tab is one, an umlaut is one, a byte order mark none.
  package var column: Int

  package init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }
}

extension SourcePosition: CustomStringConvertible {
  package var description: String { line > 0 ? "\(file):\(line):\(column)" : file }
}

/// One problem of a configuration file, as one line for a person: where, what, and what to write instead.
///
///     dedup.conf:12:10: window.length: "1 hours" is not a duration; write a number with s, min, h or d, e.g. 1h
package struct Diagnostic: Hashable, Sendable {
  package var file: String
  package var line: Int
  package var column: Int
  /// The problem and the remedy, in one line without a final full stop.
  package var message: String

  package init(_ position: SourcePosition, _ message: String) {
    file = position.file
    line = position.line
    column = position.column
    self.message = message
  }
}

extension Diagnostic: CustomStringConvertible {
  package var description: String {
    "\(SourcePosition(file: file, line: line, column: column)): \(message)"
  }
}

extension Diagnostic: Comparable {
  /// Compares by file, line, column and message: the order of the file.
  package static func < (a: Diagnostic, b: Diagnostic) -> Bool {
    (a.file, a.line, a.column, a.message) < (b.file, b.line, b.column, b.message)
  }
}
