import MailMessage

extension EarlierKeys {
  /// Returns the keys that earlier versions make of the same reading, the latest first.
  ///
  /// Such a name is a claim: the store hands the history of the error that bears it to this one. Version 3 split or
  /// joined the same errors differently, and no visitor could choose its names. Versions 1 and 2 give a key only where
  /// their rules and those of version 3 agree on the error: both find the same family or both find none, by the same
  /// rule. A text that the old rules would have taken for an outage must not take that outage's history.
  static func keys(_ text: borrowing Span<UInt8>, _ traceback: Traceback, report: DjangoReport?) -> [EarlierKey] {
    let placed = FramePlacement.places(text, traceback, report: report, algorithm: .version3)
    let evidence = report.map { SiteEvidence(text, $0) } ?? SiteEvidence()
    var latest = KeyDeriver(
      traceback: traceback, placed: placed, template: report?.template, evidence: evidence, algorithm: .version3)
    guard let key = latest.key(text) else { return [] }
    var keys = [EarlierKey(version: Algorithm.version3.version, bytes: key.bytes)]
    let match = EarlierFamilyMatcher(traceback: traceback, placed: placed).match(text)
    guard agrees(key.family, match) else { return keys }
    for algorithm in Algorithm.earlier where !algorithm.asksForPlace {
      var deriver = KeyDeriver(
        traceback: traceback, placed: placed, template: report?.template, algorithm: algorithm)
      guard let earlier = deriver.key(text, match), earlier.rule == key.rule else { continue }
      keys.append(EarlierKey(version: algorithm.version, bytes: earlier.bytes))
    }
    return keys
  }

  /// True if both find the same family and subject, or both find none. A host that a visitor may have chosen does not
  /// count as a subject to agree on.
  private static func agrees(_ new: FamilyMatch?, _ old: FamilyMatch?) -> Bool {
    guard let new, let old else { return new == nil && old == nil }
    return new.family == old.family && new.subject == old.subject && new.asker == nil
  }
}
