/// The columns and tables about next hops: mails about errors that they rejected for good, and the amount of mail they
/// were sent.
extension Schema {
  static let rejections = """
    ALTER TABLE fingerprint ADD COLUMN rejections INTEGER NOT NULL DEFAULT 0; -- in a row
    ALTER TABLE fingerprint ADD COLUMN rejected_at INTEGER; -- null: not rejected
    ALTER TABLE fingerprint ADD COLUMN rejected_total INTEGER NOT NULL DEFAULT 0; -- `total` at that time
    ALTER TABLE doubt ADD COLUMN digest_rejections INTEGER NOT NULL DEFAULT 0; -- in a row
    ALTER TABLE entry ADD COLUMN cap_site INTEGER; -- whose storm cap it counts for; null: none

    -- Failures that a digest of bounces tells of.
    CREATE TABLE gathered_bounce (
      sender TEXT NOT NULL, -- of the mails that failed
      recipient TEXT NOT NULL,
      status TEXT NOT NULL,
      postmaster TEXT, -- is told too; null: there is none
      reason TEXT NOT NULL, -- of the latest
      next_hop TEXT NOT NULL,
      subject TEXT NOT NULL,
      mails INTEGER NOT NULL, -- since the last digest
      first_at INTEGER NOT NULL, -- of these
      last_at INTEGER NOT NULL,
      told_at INTEGER, -- the last digest; null: none yet
      PRIMARY KEY (sender, recipient, status)
    ) STRICT, WITHOUT ROWID;
    """

  /// The counts for the limits of `[delivery]`.
  static let pacing = """
    ALTER TABLE entry ADD COLUMN paced_by TEXT; -- the limit that it waits for; null: none

    -- Recipients that went out within the last day.
    CREATE TABLE departure (
      next_hop TEXT NOT NULL,
      minute INTEGER NOT NULL, -- whole minutes since 1970
      ordinary INTEGER NOT NULL,
      other INTEGER NOT NULL, -- of error mail and our own
      PRIMARY KEY (next_hop, minute)
    ) STRICT, WITHOUT ROWID;
    """
}
