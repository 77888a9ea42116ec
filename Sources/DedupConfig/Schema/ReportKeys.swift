import Fingerprint

extension ConfigurationSchema {
  static let reports = ConfigurationSection(
    "reports", "What counts as an error report besides mail whose structure shows that it is one.",
    keys: [
      ConfigurationKey(
        "senders", \.reports.senders, .list(.addressPattern, of: "mail addresses", mayBeEmpty: true),
        example: "worker@*.example.org, zulip@chat.example.org", essential: true,
        """
        From addresses of programs that mail tracebacks in words of their own. Their mail is a report when it \
        contains one, even if it reads like a person's. Replies, forwarded mail and mail of lists never are. * \
        stands for any text.
        """),
      ConfigurationKey(
        "notices", \.reports.notices, .list(.choice, of: "kinds of notices", mayBeEmpty: true),
        example: "broken-links, rate-limits", essential: true,
        """
        Mail that a site sends its admins over and over and that is about no exception: the first of a window \
        goes out, the others are counted. It is recognised by its Subject, which must begin with a prefix in \
        brackets or a level. broken-links: from BrokenLinkEmailsMiddleware. service-unavailable, failed-logins, \
        rate-limits: such notices that are addressed to nobody in particular.
        """),
    ])
}
