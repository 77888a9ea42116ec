/// The tables and columns that bound doubts, sites and errors.
extension Schema {
  /// Mails that may be error reports, counted by what is certain about them. The mails that are held back are entries
  /// with `aside` 2.
  static let doubts = """
    CREATE TABLE doubt (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      envelope TEXT NOT NULL, -- as in `site`
      sender TEXT NOT NULL,
      recipients TEXT NOT NULL, -- one address on each line
      reason TEXT NOT NULL, -- '': all doubts of the envelope
      type TEXT NOT NULL, -- '': not certain
      place TEXT NOT NULL, -- '': not certain
      first_seen INTEGER NOT NULL,
      last_seen INTEGER NOT NULL,
      window_start INTEGER NOT NULL,
      forwarded INTEGER NOT NULL DEFAULT 0, -- in the window
      held INTEGER NOT NULL DEFAULT 0, -- since the last digest
      total INTEGER NOT NULL DEFAULT 0,
      dropped INTEGER NOT NULL DEFAULT 0, -- not kept any more, since the last digest
      told INTEGER NOT NULL DEFAULT 0, -- digests
      awaits_digest INTEGER, -- since when; null: it does not
      samples TEXT NOT NULL DEFAULT '[]', -- Subjects for the next digest, JSON
      told_by INTEGER, -- the entry of the last digest
      told_held INTEGER NOT NULL DEFAULT 0, -- what that said of `held`
      UNIQUE (envelope, reason, type, place)
    ) STRICT;
    CREATE INDEX doubt_digest ON doubt (envelope, awaits_digest) WHERE awaits_digest IS NOT NULL;
    CREATE INDEX doubt_told ON doubt (told_by) WHERE told_by IS NOT NULL;
    ALTER TABLE entry ADD COLUMN doubt_id INTEGER; -- of `doubt`; null: it is none that was held back
    CREATE INDEX entry_doubt ON entry (doubt_id, octets) WHERE doubt_id IS NOT NULL AND aside = 2;
    """

  /// The packages that reports listed as belonging to their site.
  static let sitePackages = """
    CREATE TABLE site_package (
      envelope TEXT NOT NULL, -- as in `site`
      package TEXT NOT NULL,
      since INTEGER NOT NULL,
      UNIQUE (envelope, package)
    ) STRICT;
    """

  /// The columns that bound the sites of one envelope and their errors. The key of a site ends in that of its envelope.
  static let bounds = """
    ALTER TABLE site ADD COLUMN envelope TEXT NOT NULL DEFAULT ''; -- sender and recipients
    ALTER TABLE site ADD COLUMN since INTEGER; -- when it came; null: before this was noted
    ALTER TABLE site ADD COLUMN is_later INTEGER NOT NULL DEFAULT 0; -- 1: others of its envelope were known
    ALTER TABLE site ADD COLUMN errors INTEGER NOT NULL DEFAULT 0; -- rows of it in `fingerprint`
    UPDATE site SET envelope = substr(key, instr(key, char(31)) + 1);
    UPDATE site SET envelope = substr(envelope, instr(envelope, char(31)) + 1);
    CREATE INDEX site_envelope ON site (envelope);
    CREATE INDEX fingerprint_site ON fingerprint (site_id);
    UPDATE site SET errors = (SELECT COUNT(*) FROM fingerprint WHERE site_id = site.id);
    CREATE TRIGGER fingerprint_came AFTER INSERT ON fingerprint BEGIN
      UPDATE site SET errors = errors + 1 WHERE id = new.site_id;
    END;
    CREATE TRIGGER fingerprint_left AFTER DELETE ON fingerprint BEGIN
      UPDATE site SET errors = errors - 1 WHERE id = old.site_id;
    END;

    -- What was forgotten for want of room, or filed elsewhere.
    CREATE TABLE dropped (
      quarter INTEGER NOT NULL,
      what TEXT NOT NULL, -- 'errors', 'sites', 'doubts', 'joined'
      number INTEGER NOT NULL,
      PRIMARY KEY (quarter, what)
    ) STRICT, WITHOUT ROWID;
    """

  /// The certain properties of an error: type and place.
  static let kinds = """
    ALTER TABLE fingerprint ADD COLUMN kind TEXT NOT NULL DEFAULT ''; -- '': not known
    CREATE INDEX fingerprint_kind ON fingerprint (site_id, kind, first_seen) WHERE kind <> '';
    """

  /// Recomputes the columns of `site` that follow from its key and its errors, for rows copied from another database.
  static let siteFacts = """
    UPDATE site SET envelope = substr(key, instr(key, char(31)) + 1);
    UPDATE site SET envelope = substr(envelope, instr(envelope, char(31)) + 1);
    UPDATE site SET errors = (SELECT COUNT(*) FROM fingerprint WHERE site_id = site.id);
    """
}
