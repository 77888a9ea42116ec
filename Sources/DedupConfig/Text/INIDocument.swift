/// The parsed text of a configuration file, with the position of each piece, before its meaning is known.
///
///     # A comment line; so is one that starts with ";".
///     [window]
///     length = 1h
///     [rule checkout]
///     path = "  leading spaces need quotes"
///
/// A section takes at most one argument (`checkout` above), which only rules, sites and routes have. In rules, quotes
/// are left to the reader of the rule. Sections without an argument may be repeated; their keys then add up. There are
/// no comments behind a value, and a value does not continue on the next line: long lists are written in one line,
/// separated by commas. Both would let a `#` in a path or a forgotten indent silently change the meaning of a file.
struct INIDocument: Hashable {
  var sections: [INISection] = []
}

/// A `[name]` or `[name argument]` with the keys below it.
struct INISection: Hashable {
  var name: Located
  var argument: Located?
  var entries: [INIEntry] = []
}

/// One `key = value`.
struct INIEntry: Hashable {
  var key: Located
  /// The value without the spaces around it and without quotes; its position is that of the first character.
  var value: Located
  /// True if the value was in double quotes, so that anything unusual in it is intended.
  var isQuoted: Bool
}

/// A piece of text and the position where it starts.
struct Located: Hashable {
  var text: String
  var position: SourcePosition
}
