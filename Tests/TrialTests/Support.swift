import DedupConfig
import DedupCore

/// 2026-11-22 14:03:05 UTC, a Sunday.
let noon = Timestamp(seconds: 1_795_356_185)

func parse(_ text: String) -> ParsedConfiguration {
  ConfigurationParser.parse(Array(text.utf8), file: "dedup.conf")
}
