import ArgumentParser

/// The completion scripts that ArgumentParser writes, with what they lack.
enum CompletionScript {
  /// Returns the script for bash, zsh or fish with the commands after `help`; any other text as it is.
  static func withVerbsOfHelp(_ text: String) -> String {
    let verbs = MistypedVerb.verbs(of: DedupCtl.self).map { $0._commandName }.joined(separator: " ")
    if text.contains("function __dedupctl_should_offer_completions_for_positional") {
      let condition = "__dedupctl_should_offer_completions_for_positional \"dedupctl help\" -eq 1"
      return text + "\ncomplete -c 'dedupctl' -n '\(condition)' -fa '\(verbs)'\n"
    }
    guard let help = text.firstRange(of: "\n_dedupctl_help() {\n") else { return text }
    let function = String(text[help.upperBound...])
    let bash = """
      __dedupctl_offer_flags_options -1
          if [[ "${positional_number}" -eq 1 ]]; then
              COMPREPLY+=($(compgen -W '\(verbs)' -- "${cur}"))
          fi
      """
    return String(text[..<help.upperBound])
      + function.replacing("__dedupctl_offer_flags_options -1", with: bash, maxReplacements: 1)
      .replacing("'*:subcommands:'", with: "':subcommand:(\(verbs))'\n        '*:subcommands:'", maxReplacements: 1)
  }
}
