// DedupStore
