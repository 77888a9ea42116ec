/// The indexes that find due mail.
extension Schema {
  /// The indexes of the four lines. Each entry to try is in exactly one of them, so the entries that go first are found
  /// without passing all others.
  static let ordinaryMailFirst = """
    DROP INDEX entry_fresh;
    DROP INDEX entry_retry;
    CREATE INDEX entry_fresh_pass ON entry (next_attempt)
      WHERE aside = 0 AND attempts = 0 AND kind IN ('pass', 'alert');
    CREATE INDEX entry_fresh_other ON entry (next_attempt)
      WHERE aside = 0 AND attempts = 0 AND kind NOT IN ('pass', 'alert');
    CREATE INDEX entry_retry_pass ON entry (next_attempt)
      WHERE aside = 0 AND attempts > 0 AND kind IN ('pass', 'alert');
    CREATE INDEX entry_retry_other ON entry (next_attempt)
      WHERE aside = 0 AND attempts > 0 AND kind NOT IN ('pass', 'alert');
    """
}
