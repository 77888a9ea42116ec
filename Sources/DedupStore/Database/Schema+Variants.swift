/// The readable properties of a variant.
extension Schema {
  /// The traits from the first mail of each variant, or from the latest one sent since then; `''` if unknown.
  static let variantTraits = """
    ALTER TABLE variant ADD COLUMN text TEXT NOT NULL DEFAULT ''; -- as it was printed
    ALTER TABLE variant ADD COLUMN place TEXT NOT NULL DEFAULT ''; -- the innermost one
    ALTER TABLE variant ADD COLUMN caller TEXT NOT NULL DEFAULT '';
    """
}
