// DedupConfig
