extension Schema {
  /// The columns of the question that a mail of the queue puts to the fleet before it leaves.
  static let fleet = """
    ALTER TABLE entry ADD COLUMN fleet_error INTEGER; -- the row of its error; null: it leaves without asking
    ALTER TABLE entry ADD COLUMN fleet_window INTEGER; -- milliseconds
    ALTER TABLE entry ADD COLUMN fleet_variant TEXT; -- null: it opens a window
    ALTER TABLE entry ADD COLUMN fleet_reason TEXT; -- under which it is counted as forwarded
    """

  /// The table of what admins said on any relay of the fleet. Empty without a fleet.
  static let fleetRecords = """
    CREATE TABLE fleet_record (
      name TEXT PRIMARY KEY,
      number INTEGER NOT NULL, -- of its version
      writer TEXT NOT NULL, -- the store that wrote that version
      fingerprint TEXT, -- of the error that it is about; null: about none
      is_open INTEGER NOT NULL, -- 0: it is kept only so that it is not undone
      said_at INTEGER NOT NULL, -- when this store heard of the version
      is_pushed INTEGER NOT NULL, -- 1: the engine has it
      body TEXT NOT NULL -- JSON, its times by the clock of this relay
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX fleet_record_fingerprint ON fleet_record (fingerprint) WHERE fingerprint IS NOT NULL;
    CREATE INDEX fleet_record_unpushed ON fleet_record (name) WHERE is_pushed = 0;
    ALTER TABLE silence ADD COLUMN uid TEXT; -- null: no fleet knows it
    CREATE UNIQUE INDEX silence_uid ON silence (uid) WHERE uid IS NOT NULL;
    """
}
