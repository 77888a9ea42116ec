import DedupCore

extension SummaryFacts {
  /// 2026-11-21 07:00 UTC, which is 08:00 in Berlin.
  static let start = Timestamp(seconds: 1_795_244_400)
  static let end = start.advanced(by: .seconds(86_400))

  static func facts(_ totals: Totals, _ errors: [ErrorFacts] = [], queue: QueueStatus = QueueStatus()) -> SummaryFacts {
    SummaryFacts(
      from: start, to: end, totals: totals, errors: errors, queue: queue, senders: ["root@shop.example.org"],
      recipients: ["admin@example.org"])
  }

  /// A day with an outage, an old acquaintance on its way down, one that came back, a steady one and hostile text.
  static let stormy = facts(
    Totals(passed: 214, doubtful: 2, forwarded: 16, suppressed: 1431),
    [
      .error(
        "1:5b7e0a91c2d3e4f5", "ConnectionError: Redis is loading the dataset in memory", forwarded: 2, suppressed: 38,
        before: 92, hours: [8: 30, 9: 10]),
      .error(
        "1:3f2a9c51d0e4b677", "OperationalError: FATAL: sorry, too many clients already", isNew: true, forwarded: 5,
        suppressed: 1310, before: 0, hours: [5: 3, 6: 410, 7: 620, 8: 250, 9: 32],
        place: "django.db: no connection slots left in PostgreSQL"),
      .error(
        "1:c0ffee00c0ffee00",
        "ValueError: <script>alert('x')</script> & a title that goes on and on, far beyond what any line of a mail or a "
          + "terminal can show, \u{1B}[31mred\u{1B}[0m\r\nand \u{202E}backwards\u{202C} too",
        isNew: true, forwarded: 1, suppressed: 0, before: 0, hours: [23: 1], site: "日本語.設定",
        place: "shop/views/\u{0}checkout.py in <lambda>"),
      .error(
        "1:77aa88bb99cc00dd", "IntegrityError: duplicate key value violates unique constraint", forwarded: 4,
        suppressed: 46, before: 48, hours: Dictionary(uniqueKeysWithValues: (0..<24).map { ($0, 1 + $0 % 4) })),
      .error(
        "1:0123456789abcdef", "KeyError: 'sku'", forwarded: 3, suppressed: 37, before: 0, hours: [1: 10, 2: 30],
        site: "shop.settings.staging"),
      .error(
        "1:feedfacefeedface", "TimeoutError: the payment provider did not answer", forwarded: 0, suppressed: 0,
        before: 17, hours: [:]),
    ],
    queue: QueueStatus(waiting: 3, oldest: end.advanced(by: .seconds(-5400)), octets: 84_211))
}

extension SummaryFacts.ErrorFacts {
  static func error(
    _ fingerprint: String, _ title: String, isNew: Bool = false, forwarded: Int, suppressed: Int, before: Int,
    hours: [Int: Int], site: String = "shop.settings.production", place: String = "shop/pricing.py in bulk_price"
  ) -> SummaryFacts.ErrorFacts {
    let seen = hours.filter { $0.value > 0 }.keys
    let (first, last) = (seen.min() ?? 0, seen.max() ?? 0)
    return SummaryFacts.ErrorFacts(
      fingerprint: fingerprint, site: site, title: title, place: place, isNew: isNew,
      firstSeen: SummaryFacts.start.advanced(by: .seconds(isNew ? first * 3600 + 180 : -400_000)),
      lastSeen: SummaryFacts.start.advanced(by: .seconds(seen.isEmpty ? -3000 : last * 3600 + 2400)),
      forwarded: forwarded,
      suppressed: suppressed, before: before, hours: (0..<24).map { hours[$0] ?? 0 })
  }
}
