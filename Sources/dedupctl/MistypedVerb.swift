import ArgumentParser
import DedupConfig

/// A word in the place of a command that is none.
struct MistypedVerb: CustomStringConvertible {
  let description: String

  /// - Parameter arguments: what stands behind the name of the program.
  /// - Returns: nil where each word is a command, as far as commands are expected.
  init?(_ arguments: some Sequence<String>, of root: any ParsableCommand.Type) {
    var command = root
    var path = root._commandName
    var isValue = false
    for word in arguments {
      if isValue || word.hasPrefix("-") {
        isValue = !isValue && Self.optionsWithValue.contains(word)
        continue
      }
      let verbs = command.configuration.subcommands + command.configuration.groupedSubcommands.flatMap(\.subcommands)
      guard !verbs.isEmpty, word != "help" else { return nil }
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
    return nil
  }

  /// Those that may stand before a command; see `RelayOptions`.
  private static let optionsWithValue: Set = ["-c", "--config", "--control-address", "--token-file"]
}
