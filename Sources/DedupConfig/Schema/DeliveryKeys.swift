import DedupCore
import MailMessage

extension ConfigurationSchema {
  static let delivery = ConfigurationSection(
    "delivery",
    """
    Where mail goes. Mail that cannot be delivered waits in the queue and is tried again, also after a restart.
    """,
    keys: [
      ConfigurationKey(
        "smarthost", \.delivery.smarthosts, .list(.smarthost, of: "host:port", mayBeEmpty: true),
        example: "mail.example.org:587, backup.example.org:587", essential: true,
        """
        The mail server that gets all mail the relay lets through. List several in order of preference: the \
        first that works is used, and one that fails is left alone for half a minute, later for up to 5. Empty: \
        mail goes into the Maildir below.
        """),
      ConfigurationKey(
        "tls", \.delivery.tls, .choice, example: "require",
        """
        How connections to smarthosts are encrypted. require: STARTTLS and a valid certificate, or nothing is \
        sent. implicit: the same with TLS from the start, usual on port 465. opportunistic: when the server \
        offers it, whatever its certificate. auto: implicit on port 465; require on port 587, and everywhere \
        when username is set; opportunistic on other ports and on this machine.
        """),
      ConfigurationKey(
        "ca-file", \.delivery.caFile, .optional(.path()), example: "/etc/ssl/our-authority.pem",
        "Certificates (PEM) of the authorities to trust. Empty: those of the system."),
      ConfigurationKey(
        "verify-certificate", \.delivery.verifiesCertificates, .boolean, example: "no",
        """
        Whether require and implicit insist on a valid certificate for the name of the smarthost. With no, \
        anyone on the way can read the mail and the password.
        """),
      ConfigurationKey(
        "username", \.delivery.username, .optional(.text), example: "relay@example.org",
        """
        The user name to log in with (AUTH). One of the next three keys gives its secret. It is sent only over \
        verified TLS, or to a smarthost on this machine. Empty: no login.
        """),
      ConfigurationKey(
        "password-file", \.delivery.passwordFile, .optional(.path()), example: "$CREDENTIALS_DIRECTORY/smarthost",
        """
        A file that holds the password and nothing else, readable for the relay only. It is read for each new \
        connection. $CREDENTIALS_DIRECTORY is where systemd puts the files of LoadCredential=.
        """),
      ConfigurationKey(
        "oauth-token-file", \.delivery.tokenFile, .optional(.path()), example: "/run/oauth/token",
        "The same for an OAuth 2.0 access token (XOAUTH2), which another program keeps fresh."),
      ConfigurationKey(
        "oauth-token-command", \.delivery.tokenCommand, .optional(.text), example: "/usr/local/bin/mail-token",
        """
        A shell command that prints such a token. It runs for each new connection and has 30 seconds. Keep secrets out \
        of the command itself: everybody on the machine can see it.
        """),
      ConfigurationKey(
        "maildir", \.delivery.maildir, .path(), example: "/var/mail/errors", essential: true,
        """
        The Maildir that gets the mail while no smarthost is set; it is created when missing. Any mail program \
        can read it, e.g. mutt -f var/maildir.
        """),
      ConfigurationKey(
        "connections", \.delivery.connections, .count(1...100), example: "2",
        """
        The most connections to a smarthost at once; each carries many mails. The relay starts with 5 and opens \
        more while the smarthost keeps up; a smarthost that refuses some gets fewer (dedupctl status shows how \
        many).
        """),
      ConfigurationKey(
        "rate", \.delivery.limits.rate, .optional(.rate), example: "50/min",
        """
        The most recipients a smarthost gets within any second, minute or hour. Ordinary mail goes first; \
        dedupctl queue list shows what waits and when it leaves. Empty: no limit.
        """),
      ConfigurationKey(
        "daily", \.delivery.limits.daily, .optional(.count(1...100_000_000)), example: "2000",
        """
        The same within any 24 hours, across restarts. Error mail and the relay's own mail get a tenth of it, at \
        least 1, and no more; once half of that is used, errors are reported in digests. Empty: no limit.
        """),
      ConfigurationKey(
        "sender-rewrite", \.delivery.senderRewrite, .optional(.rewriteAddress), example: "relay+@example.org",
        """
        Replaces envelope senders that smarthosts refuse, such as root@localhost; From stays as it is. With a + \
        before the @, the old sender goes there (relay+root=localhost@example.org), so that a bounce says whose \
        mail it was. Empty: senders stay as they are.
        """),
      ConfigurationKey(
        "sender-rewrite-for", \.delivery.rewrittenSenders,
        .list(
          .addressOrDomain,
          of:
            "The senders that it replaces; * and ? are wildcards."),
        example: "localhost, web*.example.org", "The senders whose place it takes; * and ? stand for others."),
      ConfigurationKey(
        "retry-waits", \.delivery.retry.waits,
        .list(.duration(.seconds(1)...days(7)), of: "durations in s, min, h or d"),
        example: "1min, 15min, 1h",
        "How long to wait after the first, second, third failure and so on. The last one repeats."),
      ConfigurationKey(
        "retry-jitter", \.delivery.retry.jitter, .percentage(0...50), example: "10%",
        """
        How much each wait is shortened or lengthened at random, so that a backlog does not leave in one burst.
        """),
      ConfigurationKey(
        "expire", \.delivery.retry.expire, .duration(.seconds(1)...days(100)), example: "2d",
        "The age at which mail that still cannot be delivered is returned to its sender."),
      ConfigurationKey(
        "fewest-attempts", \.delivery.retry.fewestAttempts, .count(1...1000), example: "3",
        """
        How often delivery is tried before a mail is returned, whatever its age: a relay that was off for a week \
        returns no mail untried.
        """),
      ConfigurationKey(
        "delay-notice", \.delivery.retry.delayNotice, .duration(.seconds(1)...days(100)), example: "1h",
        """
        The age at which the sender of a waiting mail is told about the delay. The same as expire, or longer: \
        never.
        """),
      ConfigurationKey(
        "postmaster", \.delivery.postmaster, .optional(.emailAddress), example: "postmaster@example.org",
        "Who gets a bounce that cannot be delivered to the sender. Empty: nobody; it is only logged."),
      ConfigurationKey(
        "discard", \.delivery.discards, .boolean, example: "yes",
        "Throws all mail away as if it had been delivered, whatever the keys above say. Only for load tests."),
    ])

  static let store = ConfigurationSection(
    "store",
    "What the relay remembers: the queue, the errors and their counts. A new folder takes effect after a restart.",
    keys: [
      ConfigurationKey(
        "directory", \.store.directory, .path(), example: "/var/lib/maildedup",
        """
        The folder of the database. It holds whole mails: keep it on a local disk, readable for the relay only.
        """),
      ConfigurationKey(
        "spool", \.store.spool, .path(), example: "/var/spool/maildedup",
        """
        The folder where mail is kept, one file each, while the database cannot take it. It is safer on another \
        disk.
        """),
      ConfigurationKey(
        "sample-age", \.store.sampleAge, .duration(days(1)...days(3650)), example: "30d",
        """
        How long the first and the latest mail of each error, and the first of each variant, are kept for \
        dedupctl show --mails. They may hold secrets; dedupctl purge removes them at once.
        """),
      ConfigurationKey(
        "sample-size", \.store.sampleSize, .size((1 << 20)...(1 << 40)), example: "1GiB",
        "How large all of these may be together. The oldest are removed first."),
      ConfigurationKey(
        "history", \.store.history, .duration(days(31)...days(3650)), example: "800d",
        """
        How long counts are kept, and errors that no longer come. An error that comes back later counts as new.
        """),
    ])
}

private func days(_ count: Int) -> Duration { .seconds(count * 86_400) }
