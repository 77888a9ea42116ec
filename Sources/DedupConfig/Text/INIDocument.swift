/// The text of a configuration file taken apart, with the place of each piece, before anything is known of its meaning.
///
///     # A comment line; so is one that starts with ";".
///     [window]
///     length = 1h
///     [rule checkout]
///     path = "  leading spaces need quotes"
///
/// A section takes at most one argument (`checkout` above), which only rules have; in them quotes are left to the
/// reader of the rule. Sections may come back; their keys then add up. There is no
/// comment behind a value and no continuation of a value on the next line: long lists stand in one line, separated by
/// commas. Both would make a `#` in a path or a forgotten indent change the meaning of a file silently.
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
  /// Without the spaces around it and without quotes; its position is that of the first character of the text.
  var value: Located
  /// Whether the value stood in double quotes, so that what looks odd in it is meant.
  var isQuoted: Bool
}

/// A piece of text and where it starts.
struct Located: Hashable {
  var text: String
  var position: SourcePosition
}
