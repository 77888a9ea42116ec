/// What finds due mail.
extension Schema {
  /// Each entry stands in one of these, so that what goes first is found without passing by all the others.
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
