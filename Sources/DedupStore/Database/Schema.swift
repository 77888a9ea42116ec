import DedupCore
import GRDB

/// The tables, as the migrations make them.
///
/// A migration spells out its SQL and never uses today's types: it has to do the same thing in ten years. Times are
/// milliseconds since 1970; `quarter` is a time divided by 15 minutes.
enum Schema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 windows") { try $0.execute(sql: windows) }
    migrator.registerMigration("1 queue") { try $0.execute(sql: queue) }
    migrator.registerMigration("2 rules and variants") { try $0.execute(sql: rulesAndVariants) }
    migrator.registerMigration("3 spool") { try $0.execute(sql: spool) }
    migrator.registerMigration("4 delivered") { try $0.execute(sql: delivered) }
    migrator.registerMigration("5 status requests") { try $0.execute(sql: statusRequests) }
    migrator.registerMigration("6 retention") { try $0.execute(sql: retention) }
    migrator.registerMigration("7 episodes") { try $0.execute(sql: episodes) }
    migrator.registerMigration("8 deflated samples") { try $0.execute(sql: deflatedSamples) }
    migrator.registerMigration("9 envelope checksums") { try $0.execute(sql: envelopeChecksums) }
    migrator.registerMigration("10 transactions") { try $0.execute(sql: transactions) }
    migrator.registerMigration("11 reroutes") { try $0.execute(sql: reroutes) }
    migrator.registerMigration("12 requests") { try $0.execute(sql: requests) }
    migrator.registerMigration("13 leaving entries") { try $0.execute(sql: leavingEntries) }
    migrator.registerMigration("14 doubts") { try $0.execute(sql: doubts) }
    migrator.registerMigration("15 bounds") { try $0.execute(sql: bounds) }
    migrator.registerMigration("16 kinds") { try $0.execute(sql: kinds) }
    migrator.registerMigration("17 variant traits") { try $0.execute(sql: variantTraits) }
    migrator.registerMigration("18 site packages") { try $0.execute(sql: sitePackages) }
    migrator.registerMigration("19 rejections") { try $0.execute(sql: rejections) }
    migrator.registerMigration("20 pacing") { try $0.execute(sql: pacing) }
    migrator.registerMigration("21 ordinary mail first") { try $0.execute(sql: ordinaryMailFirst) }
    migrator.registerMigration("22 fleet") { try $0.execute(sql: fleet) }
    migrator.registerMigration("23 fleet records") { try $0.execute(sql: fleetRecords) }
    return migrator
  }

  /// The effect of rules on the latest mail of each error, and the variants of each error.
  private static let rulesAndVariants = """
    ALTER TABLE fingerprint ADD COLUMN treatment TEXT NOT NULL DEFAULT 'dedup';
    ALTER TABLE fingerprint ADD COLUMN rule TEXT; -- null: none
    ALTER TABLE fingerprint ADD COLUMN window_length INTEGER; -- milliseconds; null: that of the configuration
    ALTER TABLE fingerprint ADD COLUMN variants_shown INTEGER NOT NULL DEFAULT 0; -- in the current window

    CREATE TABLE variant (
      fingerprint_id INTEGER NOT NULL REFERENCES fingerprint (id) ON DELETE CASCADE,
      variant TEXT NOT NULL,
      first_seen INTEGER NOT NULL,
      last_seen INTEGER NOT NULL,
      total INTEGER NOT NULL,
      shown_at INTEGER, -- when a mail of it went out last; null: never
      PRIMARY KEY (fingerprint_id, variant)
    ) STRICT, WITHOUT ROWID;
    """

  /// The mails of the emergency spool that are in the database while their files may still exist.
  private static let spool = """
    CREATE TABLE imported (
      id INTEGER PRIMARY KEY -- the queue id
    ) STRICT;
    """

  /// The number of the last transaction, and the numbers that were the last ones when a process started.
  private static let transactions = """
    CREATE TABLE last_transaction (
      id INTEGER PRIMARY KEY CHECK (id = 1), -- one row
      number INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE found_transaction (
      number INTEGER PRIMARY KEY
    ) STRICT;
    """

  /// The column that is 1 if an earlier attempt reached a recipient. For entries tried before it existed this is
  /// unknown, so they count as not seen: a window that opens too often is better than a hidden error.
  private static let delivered = """
    ALTER TABLE entry ADD COLUMN delivered INTEGER NOT NULL DEFAULT 0;
    """

  /// The delivery status requests (RFC 3461) of senders, as transmitted: `RET=`, `ENVID=`, `NOTIFY=`, `ORCPT=`.
  private static let statusRequests = """
    ALTER TABLE entry ADD COLUMN dsn_ret TEXT; -- null: not said
    ALTER TABLE entry ADD COLUMN dsn_envid TEXT; -- null: not said
    ALTER TABLE recipient ADD COLUMN dsn_notify TEXT; -- null: not said
    ALTER TABLE recipient ADD COLUMN dsn_orcpt TEXT; -- null: not said
    """

  /// The index that finds the oldest samples and the size of all of them.
  private static let retention = """
    CREATE INDEX sample_arrived ON sample (arrived_at, octets) WHERE message IS NOT NULL;
    """

  /// Outbreaks, silences, the errors that the admin merged and split, and the mails that are sent in place of many.
  private static let episodes = """
    ALTER TABLE fingerprint ADD COLUMN episodes INTEGER NOT NULL DEFAULT 1; -- so far
    ALTER TABLE fingerprint ADD COLUMN episode_start INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE fingerprint ADD COLUMN episode_mails INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE fingerprint ADD COLUMN episode_told INTEGER NOT NULL DEFAULT 0; -- times that a window was opened in it
    ALTER TABLE fingerprint ADD COLUMN milestone INTEGER NOT NULL DEFAULT 0; -- the highest count that was told
    ALTER TABLE fingerprint ADD COLUMN beginning TEXT NOT NULL DEFAULT 'new'; -- 'again', 'regression'
    ALTER TABLE fingerprint ADD COLUMN quiet_before INTEGER; -- milliseconds; null: the first episode
    ALTER TABLE fingerprint ADD COLUMN episode_over INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE fingerprint ADD COLUMN awaits_digest INTEGER; -- since when; null: it does not
    ALTER TABLE fingerprint ADD COLUMN all_clear_at INTEGER; -- null: none is wanted
    ALTER TABLE fingerprint ADD COLUMN resolved_at INTEGER; -- null: not, or it came back
    ALTER TABLE fingerprint ADD COLUMN thread_root TEXT; -- null: known since before there were threads
    ALTER TABLE fingerprint ADD COLUMN thread_first TEXT; -- Message-ID of the first mail that went out
    ALTER TABLE fingerprint ADD COLUMN subject TEXT NOT NULL DEFAULT '';
    ALTER TABLE fingerprint ADD COLUMN merged_into INTEGER; -- the row that the admin merged it into
    ALTER TABLE fingerprint ADD COLUMN is_split INTEGER NOT NULL DEFAULT 0; -- 1: each variant is an error of its own
    UPDATE fingerprint SET episode_start = first_seen, episode_mails = total, episode_told = total > suppressed;
    CREATE INDEX fingerprint_digest ON fingerprint (awaits_digest) WHERE awaits_digest IS NOT NULL;
    CREATE INDEX fingerprint_all_clear ON fingerprint (all_clear_at) WHERE all_clear_at IS NOT NULL;
    CREATE INDEX fingerprint_merged ON fingerprint (merged_into) WHERE merged_into IS NOT NULL;

    -- When mail about errors went out lately, for the storm cap.
    CREATE TABLE sent (
      site_id INTEGER NOT NULL REFERENCES site (id) ON DELETE CASCADE,
      at INTEGER NOT NULL,
      mails INTEGER NOT NULL,
      PRIMARY KEY (site_id, at)
    ) STRICT, WITHOUT ROWID;

    -- The windows that a digest opened, one for each error that it names.
    CREATE TABLE digest (
      entry_id INTEGER NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
      fingerprint_id INTEGER NOT NULL,
      window_start INTEGER NOT NULL,
      carried INTEGER NOT NULL,
      PRIMARY KEY (entry_id, fingerprint_id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE silence (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      fingerprint_id INTEGER, -- null: a rule, or a pattern
      ended_at INTEGER, -- null: it holds
      body TEXT NOT NULL -- JSON
    ) STRICT;
    CREATE INDEX silence_open ON silence (id) WHERE ended_at IS NULL;
    """

  /// Samples in compressed form.
  private static let deflatedSamples = """
    ALTER TABLE sample ADD COLUMN stored INTEGER; -- octets here, deflated when fewer than `octets`; null: as it came
    DROP INDEX sample_arrived;
    CREATE INDEX sample_arrived ON sample (arrived_at, octets, stored) WHERE message IS NOT NULL;
    """

  /// The checksums of the columns that hold sender and recipients, one for each row: recipients with a final fate leave
  /// while the entry stays. Null in rows of earlier versions.
  private static let envelopeChecksums = """
    ALTER TABLE entry ADD COLUMN envelope_crc32c INTEGER;
    ALTER TABLE entry ADD COLUMN recipients INTEGER; -- rows of it in `recipient`
    ALTER TABLE recipient ADD COLUMN crc32c INTEGER;
    """

  /// The `host:port` to which an admin reroutes an entry; null for the usual route. `aside` is 2 for held entries.
  private static let reroutes = """
    ALTER TABLE entry ADD COLUMN rerouted_to TEXT;
    """

  /// The requests of an admin, and the outcome of the latest mail.
  private static let requests = """
    ALTER TABLE fingerprint ADD COLUMN pass_next INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE fingerprint ADD COLUMN last_reason TEXT; -- null: not known
    ALTER TABLE fingerprint ADD COLUMN last_rule TEXT; -- null: none
    """

  /// The rows that belong to an entry are deleted with it by a trigger and no longer by a reference: from a table that
  /// has one, SQLite deletes rows only after noting their keys in a temporary table, and two of those made up two
  /// thirds of the cost of removing a mail.
  private static let leavingEntries = """
    CREATE TABLE new_recipient (
      entry_id INTEGER NOT NULL, -- of `entry`
      position INTEGER NOT NULL,
      address TEXT NOT NULL,
      dsn_notify TEXT, -- null: not said
      dsn_orcpt TEXT, -- null: not said
      crc32c INTEGER,
      PRIMARY KEY (entry_id, position)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO new_recipient SELECT entry_id, position, address, dsn_notify, dsn_orcpt, crc32c FROM recipient;
    DROP TABLE recipient;
    ALTER TABLE new_recipient RENAME TO recipient;

    CREATE TABLE new_digest (
      entry_id INTEGER NOT NULL, -- of `entry`
      fingerprint_id INTEGER NOT NULL,
      window_start INTEGER NOT NULL,
      carried INTEGER NOT NULL,
      PRIMARY KEY (entry_id, fingerprint_id)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO new_digest SELECT entry_id, fingerprint_id, window_start, carried FROM digest;
    DROP TABLE digest;
    ALTER TABLE new_digest RENAME TO digest;

    CREATE TRIGGER entry_left AFTER DELETE ON entry BEGIN
      DELETE FROM recipient WHERE entry_id = old.id;
      DELETE FROM digest WHERE entry_id = old.id;
    END;
    """
}
