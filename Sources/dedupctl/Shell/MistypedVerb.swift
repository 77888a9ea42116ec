import ArgumentParser
import DedupConfig

/// A mistake in the command line: a word that is not a command in the place of one, or an option that belongs after the
/// command and precedes it.
struct MistypedVerb: CustomStringConvertible {
  let description: String

  /// Finds the mistake.
  ///
  /// - Parameter arguments: The arguments after the name of the program.
  /// - Returns: Nil if each word is a command, as far as commands are expected.
  init?(_ arguments: some Sequence<String>, of root: any ParsableCommand.Type) {
    var command = root
    var path = root._commandName
    var isValue = false
    var format: String?
    for word in arguments {
      if format == "" {
        format = word
        continue
      }
      if !isValue, word.hasPrefix("-"), let verb = Self.strayOption(word, of: command) {
        description = verb
        return
      }
      if isValue || word.hasPrefix("-") {
        if !isValue, word == "-o" || word == "--output", !Self.verbs(of: command).isEmpty { format = "" }
        isValue = !isValue && Self.optionsWithValue.contains(word)
        continue
      }
      let verbs = Self.verbs(of: command)
      if verbs.isEmpty { break }
      if word == "help" { continue }
      if let next = verbs.first(where: { $0._commandName == word }) {
        command = next
        path += " " + word
        continue
      }
      let near = Suggestion.nearest(to: word, among: verbs.map { $0._commandName })
      description =
        "there is no command \"\(printable(word))\""
        + (near.map { "; did you mean \(path) \($0)?" } ?? "; see \(path) --help")
      return
    }
    guard let format, command != root else { return nil }
    description = "put -o behind the command: \(path) -o \(printable(format))"
  }

  /// Describes an option in the place of a command that none of the commands there takes in front of itself.
  private static func strayOption(_ word: String, of command: any ParsableCommand.Type) -> String? {
    let name = String(word.prefix { $0 != "=" })
    let known = optionsWithValue.union(otherOptions)
    let isVerbExpected = !verbs(of: command).isEmpty && command.configuration.defaultSubcommand == nil
    guard isVerbExpected, name.hasPrefix("--"), !known.contains(name) else { return nil }
    let near = Suggestion.nearest(to: name, among: known.filter { $0.hasPrefix("--") }.sorted())
    return "there is no option \"\(printable(name))\" before a command"
      + (near.map { "; did you mean \($0)?" } ?? "; see dedupctl --help")
  }

  /// Returns the commands below a command, in the order of its help.
  static func verbs(of command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
    command.configuration.subcommands + command.configuration.groupedSubcommands.flatMap(\.subcommands)
  }

  /// The options without a value that may precede a command; see `RelayOptions`.
  private static let otherOptions: Set = [
    "-h", "--help", "--version", "-o", "--output", "--no-headers", "-", "--", "--help-hidden",
    "--generate-completion-script", "--experimental-dump-help",
  ]
  private static let optionsWithValue: Set = ["-c", "--config", "--control-address", "--token-file"]
}
