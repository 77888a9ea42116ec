import Fingerprint

extension ConfigurationSchema {
  static let reports = ConfigurationSection(
    "reports", "What counts as an error report, besides mail that is one by its structure.",
    keys: [
      ConfigurationKey(
        "senders", \.reports.senders, .list(.addressPattern, of: "mail addresses", mayBeEmpty: true),
        example: "worker@*.example.org, zulip@chat.example.org", essential: true,
        """
        Addresses in From of programs that mail tracebacks in words of their own. Their mail is a report where it holds \
        one, also where it reads like a human's. Answers, forwarded mail and mail of lists are none. * stands for any text.
        """),
      ConfigurationKey(
        "notices", \.reports.notices, .list(.choice, of: "kinds of notices", mayBeEmpty: true),
        example: "broken-links, rate-limits", essential: true,
        """
        Mail that the site sends to its admins again and again and that is about no exception: the first of a window \
        goes out, the others are counted. Known by the Subject, which has to begin with a prefix in brackets or a level. \
        broken-links: of BrokenLinkEmailsMiddleware. service-unavailable, failed-logins, rate-limits: what they say to \
        nobody in particular.
        """),
    ])
}
