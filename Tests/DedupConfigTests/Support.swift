import DedupConfig

func parse(_ text: String) -> ParsedConfiguration {
  ConfigurationParser.parse(Array(text.utf8), file: "dedup.conf")
}

/// The diagnostics as a person reads them.
func errors(_ text: String) -> [String] { parse(text).errors.map(\.description) }

func warnings(_ text: String) -> [String] { parse(text).warnings.map(\.description) }
