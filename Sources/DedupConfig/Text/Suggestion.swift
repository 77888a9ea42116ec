/// Returns the candidate that `word` was probably meant to be, or nil if none is near.
///
/// A candidate is near if there is at most one slip in three characters; case is ignored, and `_` and `-` are the same.
/// The first of equally near candidates wins. A word of three or more characters that only one candidate begins with
/// is near, too.
func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
  let word = normalized(word)
  // A longer word than any name of ours is a line of prose, and the distance is quadratic.
  guard !word.isEmpty, word.count <= 64 else { return nil }
  // A word that is cut short is no typing slip, but just as clear: "warn".
  let longer = candidates.filter { normalized($0).starts(with: word) }
  if longer.count == 1, word.count >= 3 { return longer.first }
  var best: (candidate: String, distance: Int)?
  for candidate in candidates {
    let other = normalized(candidate)
    let distance = editDistance(word, other)
    guard distance <= max(1, min(word.count, other.count) / 3), distance < best?.distance ?? .max else { continue }
    best = (candidate, distance)
  }
  return best?.candidate
}

private func normalized(_ word: String) -> [Unicode.Scalar] {
  word.lowercased().unicodeScalars.map { $0 == "_" ? "-" : $0 }
}

/// Returns how many insertions, deletions, replacements and swaps of neighbours lead from `a` to `b` (optimal string
/// alignment).
func editDistance<Element: Equatable>(_ a: [Element], _ b: [Element]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    row.reserveCapacity(b.count + 1)
    for j in b.indices {
      var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
      row.append(cost)
    }
    (beforeLast, last) = (last, row)
  }
  return last[b.count]
}

/// Suggestions for a mistyped word, for other targets.
package enum Suggestion {
  /// Returns the candidate that is near enough to be meant, or nil if there is none.
  package static func nearest(to word: String, among candidates: [String]) -> String? {
    DedupConfig.nearest(to: word, among: candidates)
  }
}
