extension Schema {
  /// The columns of the question that a mail of the queue puts to the fleet before it leaves.
  static let fleet = """
    ALTER TABLE entry ADD COLUMN fleet_error INTEGER; -- the row of its error; null: it leaves without asking
    ALTER TABLE entry ADD COLUMN fleet_window INTEGER; -- milliseconds
    ALTER TABLE entry ADD COLUMN fleet_variant TEXT; -- null: it opens a window
    ALTER TABLE entry ADD COLUMN fleet_reason TEXT; -- under which it is counted as forwarded
    """
}
