import MailMessage

extension KeyDeriver {
  /// The keys that earlier versions make of the same reading, the latest first.
  ///
  /// Such a name is a claim: the store hands the history of the error that bears it to this one. So there is one only
  /// where the old rules and the new ones agree on what the error is: the same family or none twice, by the same rule. A text that the old rules would have taken for
  /// an outage must not take that outage's history.
  func earlierKeys(_ text: borrowing Span<UInt8>, of key: ErrorKey) -> [EarlierKey] {
    let match = EarlierFamilyMatcher(traceback: traceback, placed: placed).match(text)
    guard Self.agrees(key.family, match) else { return [] }
    var keys: [EarlierKey] = []
    for algorithm in Algorithm.earlier {
      var deriver = KeyDeriver(traceback: traceback, placed: placed, template: template, algorithm: algorithm)
      guard let earlier = deriver.key(text, match), earlier.rule == key.rule else { continue }
      keys.append(EarlierKey(version: algorithm.version, bytes: earlier.bytes))
    }
    return keys
  }

  /// The same family and subject, or none twice. A host that a visitor may have chosen is no subject to agree on.
  private static func agrees(_ new: FamilyMatch?, _ old: FamilyMatch?) -> Bool {
    guard let new, let old else { return new == nil && old == nil }
    return new.family == old.family && new.subject == old.subject && new.asker == nil
  }
}
