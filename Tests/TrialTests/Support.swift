import DedupConfig

func parse(_ text: String) -> ParsedConfiguration {
  ConfigurationParser.parse(Array(text.utf8), file: "dedup.conf")
}
