/// What a person reads of a variant.
extension Schema {
  /// Of the first mail of each variant, or of the latest one that went out since; `''`: not known.
  static let variantTraits = """
    ALTER TABLE variant ADD COLUMN text TEXT NOT NULL DEFAULT ''; -- as it was printed
    ALTER TABLE variant ADD COLUMN place TEXT NOT NULL DEFAULT ''; -- the innermost one
    ALTER TABLE variant ADD COLUMN caller TEXT NOT NULL DEFAULT '';
    """
}
