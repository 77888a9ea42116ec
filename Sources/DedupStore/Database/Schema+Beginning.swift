// The tables of the first migrations: windows and the queue.
extension Schema {
  /// The known facts about each error, and the counts.
  static let windows = """
    CREATE TABLE site (
      id INTEGER PRIMARY KEY,
      key TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      sender TEXT NOT NULL,
      recipients TEXT NOT NULL -- one address on each line
    ) STRICT;

    -- AUTOINCREMENT: queue entries refer to a row that retention may remove, and must not find another in its place.
    CREATE TABLE fingerprint (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      site_id INTEGER NOT NULL REFERENCES site (id),
      fingerprint TEXT NOT NULL,
      title TEXT NOT NULL,
      place TEXT NOT NULL,
      first_seen INTEGER NOT NULL,
      last_seen INTEGER NOT NULL,
      window_start INTEGER, -- null: re-opened
      held INTEGER NOT NULL,
      total INTEGER NOT NULL,
      suppressed INTEGER NOT NULL,
      explanation TEXT, -- null: not computed yet
      UNIQUE (fingerprint, site_id)
    ) STRICT;
    CREATE INDEX fingerprint_last_seen ON fingerprint (last_seen);

    CREATE TABLE arrival (
      fingerprint_id INTEGER NOT NULL REFERENCES fingerprint (id) ON DELETE CASCADE,
      quarter INTEGER NOT NULL,
      forwarded INTEGER NOT NULL,
      suppressed INTEGER NOT NULL,
      PRIMARY KEY (fingerprint_id, quarter)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX arrival_quarter ON arrival (quarter);

    CREATE TABLE sample (
      fingerprint_id INTEGER NOT NULL REFERENCES fingerprint (id) ON DELETE CASCADE,
      slot TEXT NOT NULL, -- 'first', 'latest', 'variant:' and its name
      arrived_at INTEGER NOT NULL,
      octets INTEGER NOT NULL,
      message BLOB, -- null: too large to be kept
      PRIMARY KEY (fingerprint_id, slot)
    ) STRICT;

    -- Every acknowledged mail is in exactly one of these counts.
    CREATE TABLE tally (
      quarter INTEGER NOT NULL,
      outcome TEXT NOT NULL, -- 'passed', 'doubtful', 'forwarded', 'suppressed'
      reason TEXT NOT NULL,
      mails INTEGER NOT NULL,
      PRIMARY KEY (quarter, outcome, reason)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE setting (
      key TEXT NOT NULL PRIMARY KEY,
      value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    """

  /// The mail that waits for delivery.
  static let queue = """
    CREATE TABLE entry (
      id INTEGER PRIMARY KEY, -- the queue id
      kind TEXT NOT NULL,
      sender TEXT NOT NULL,
      body_type TEXT NOT NULL,
      smtputf8 INTEGER NOT NULL,
      octets INTEGER NOT NULL,
      queued_at INTEGER NOT NULL,
      attempts INTEGER NOT NULL,
      next_attempt INTEGER NOT NULL,
      scheduled_at INTEGER NOT NULL, -- the clock when next_attempt was set
      last_failure TEXT,
      delay_notified INTEGER NOT NULL,
      fingerprint_id INTEGER, -- the error whose window this mail opened
      window_start INTEGER, -- that window
      carried INTEGER NOT NULL, -- how many the mail reports as held back
      aside INTEGER NOT NULL -- 1: damaged, never to be sent
    ) STRICT;
    CREATE INDEX entry_fresh ON entry (next_attempt) WHERE aside = 0 AND attempts = 0;
    CREATE INDEX entry_retry ON entry (next_attempt) WHERE aside = 0 AND attempts > 0;

    CREATE TABLE recipient (
      entry_id INTEGER NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
      position INTEGER NOT NULL,
      address TEXT NOT NULL,
      PRIMARY KEY (entry_id, position)
    ) STRICT, WITHOUT ROWID;

    -- The message is `head`, followed by the body file without its first `file_skip` octets when there is one.
    CREATE TABLE message (
      entry_id INTEGER PRIMARY KEY REFERENCES entry (id) ON DELETE CASCADE,
      octets INTEGER NOT NULL,
      crc32c INTEGER NOT NULL,
      file TEXT,
      file_skip INTEGER NOT NULL,
      head BLOB NOT NULL
    ) STRICT;
    """
}
