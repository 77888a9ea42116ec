import DedupCore
import MailMessage

extension ConfigurationSchema {
  static let delivery = ConfigurationSection(
    "delivery",
    """
    Where mail goes. A mail that cannot be delivered waits in the queue and is tried again, after a restart too.
    """,
    keys: [
      ConfigurationKey(
        "smarthost", \.delivery.smarthosts, .list(.smarthost, of: "host:port", mayBeEmpty: true),
        example: "mail.example.org:587, backup.example.org:587", essential: true,
        """
        The mail server that gets all mail that is let through. Of several, in order of preference, the first one that \
        works; one that fails is left alone for half a minute, later for up to 5. Empty: none, mail goes into the \
        Maildir below.
        """),
      ConfigurationKey(
        "tls", \.delivery.tls, .choice, example: "require",
        """
        How connections to smarthosts are encrypted. require: STARTTLS and a verified certificate, or no mail is sent. \
        implicit: the same without STARTTLS, usual on port 465. opportunistic: when the server offers it, whatever its \
        certificate. auto: implicit on port 465; require on port 587, and everywhere when there is a username; \
        opportunistic on other ports and on this machine.
        """),
      ConfigurationKey(
        "ca-file", \.delivery.caFile, .optional(.path()), example: "/etc/ssl/our-authority.pem",
        "Certificates (PEM) of the authorities to trust. Empty: those of the system."),
      ConfigurationKey(
        "verify-certificate", \.delivery.verifiesCertificates, .boolean, example: "no",
        """
        Whether require and implicit ask for a certificate that is valid and for the name above. With no, anybody in \
        between can read the mail and the password.
        """),
      ConfigurationKey(
        "username", \.delivery.username, .optional(.text), example: "relay@example.org",
        """
        The name to log in with (AUTH). One of the next three keys says what proves it. It is sent over verified TLS \
        only, or to a smarthost on this machine. Empty: no login.
        """),
      ConfigurationKey(
        "password-file", \.delivery.passwordFile, .optional(.path()), example: "$CREDENTIALS_DIRECTORY/smarthost",
        """
        A file with the password and nothing else, readable for the relay only; it is read for each new connection. \
        $CREDENTIALS_DIRECTORY is where systemd puts what LoadCredential= names.
        """),
      ConfigurationKey(
        "oauth-token-file", \.delivery.tokenFile, .optional(.path()), example: "/run/oauth/token",
        "The same with an OAuth 2.0 access token (XOAUTH2), which something else keeps fresh."),
      ConfigurationKey(
        "oauth-token-command", \.delivery.tokenCommand, .optional(.text), example: "/usr/local/bin/mail-token",
        """
        A shell command that prints such a token. It runs for each new connection and has 30 seconds. Keep secrets out \
        of the command itself: everybody on the machine can see it.
        """),
      ConfigurationKey(
        "maildir", \.delivery.maildir, .path(), example: "/var/mail/errors", essential: true,
        """
        The Maildir that gets the mail while there is no smarthost; it is made when missing. Any mail program reads it, \
        e.g. mutt -f var/maildir.
        """),
      ConfigurationKey(
        "connections", \.delivery.connections, .count(1...100), example: "2",
        """
        Connections to a smarthost at the same time, at most. Each is used for many mails. There are 5 at first, and more \
        as long as the smarthost keeps up; one that refuses so many gets fewer (dedupctl status shows how many).
        """),
      ConfigurationKey(
        "rate", \.delivery.limits.rate, .optional(.rate), example: "50/min",
        """
        How many recipients a smarthost gets within any second, minute or hour. Ordinary mail goes first; what waits \
        shows in dedupctl queue list with the time when it leaves. Empty: as many as it takes.
        """),
      ConfigurationKey(
        "daily", \.delivery.limits.daily, .optional(.count(1...100_000_000)), example: "2000",
        """
        The same within any 24 hours, over restarts as well. A tenth of it is for error mail and the relay's own, at \
        least 1, and no more: when half of that is used, errors are told of in digests. Empty: no limit.
        """),
      ConfigurationKey(
        "sender-rewrite", \.delivery.senderRewrite, .optional(.rewriteAddress), example: "relay+@example.org",
        """
        Takes the place of envelope senders that smarthosts refuse, such as root@localhost; From stays as it is. With a \
        + before the @ the sender is put there (relay+root=localhost@example.org), and a bounce says whose mail it was. \
        Empty: senders leave as they are.
        """),
      ConfigurationKey(
        "sender-rewrite-for", \.delivery.rewrittenSenders, .list(.addressOrDomain, of: "domains or addresses"),
        example: "localhost, web*.example.org", "The senders whose place it takes; * and ? stand for others."),
      ConfigurationKey(
        "retry-waits", \.delivery.retry.waits,
        .list(.duration(.seconds(1)...days(7)), of: "durations in s, min, h or d"),
        example: "1min, 15min, 1h",
        "How long to wait after the first, second, third failure and so on. The last one repeats."),
      ConfigurationKey(
        "retry-jitter", \.delivery.retry.jitter, .percentage(0...50), example: "10%",
        "By how much each wait is made shorter or longer at random, so that a backlog does not come in one burst."),
      ConfigurationKey(
        "expire", \.delivery.retry.expire, .duration(.seconds(1)...days(100)), example: "2d",
        "Age at which a mail that still cannot be delivered goes back to its sender."),
      ConfigurationKey(
        "fewest-attempts", \.delivery.retry.fewestAttempts, .count(1...1000), example: "3",
        """
        Attempts without which no mail goes back, whatever its age: after a week of being switched off, mail is not \
        returned untried.
        """),
      ConfigurationKey(
        "delay-notice", \.delivery.retry.delayNotice, .duration(.seconds(1)...days(100)), example: "1h",
        "Age at which the sender of a waiting mail is told that it is late. As long as expire or longer: never."),
      ConfigurationKey(
        "postmaster", \.delivery.postmaster, .optional(.emailAddress), example: "postmaster@example.org",
        "Who gets a bounce that cannot be delivered to the sender. Empty: nobody, it is only logged."),
      ConfigurationKey(
        "discard", \.delivery.discards, .boolean, example: "yes",
        "Throws all mail away as if it were delivered, whatever stands above. Only for load tests."),
    ])

  static let store = ConfigurationSection(
    "store", "What the relay remembers: the queue, the errors and their counts. Another folder takes a restart.",
    keys: [
      ConfigurationKey(
        "directory", \.store.directory, .path(), example: "/var/lib/maildedup",
        "The folder of the database. It holds whole mails: keep it readable for the relay only, on a local disk."),
      ConfigurationKey(
        "spool", \.store.spool, .path(), example: "/var/spool/maildedup",
        "The folder where mail is kept, a file each, while the database cannot take it. On another disk it is safer."),
      ConfigurationKey(
        "sample-age", \.store.sampleAge, .duration(days(1)...days(3650)), example: "30d",
        """
        How long the first and the latest mail of each error are kept for dedupctl show --mails, and the first of each \
        variant. They may hold secrets; dedupctl purge removes them at once.
        """),
      ConfigurationKey(
        "sample-size", \.store.sampleSize, .size((1 << 20)...(1 << 40)), example: "1GiB",
        "How large all of these may be together. The oldest go first."),
      ConfigurationKey(
        "history", \.store.history, .duration(days(31)...days(3650)), example: "800d",
        """
        How long counts are kept, and errors that are not seen any more. An error that comes back later counts as new.
        """),
    ])
}

private func days(_ count: Int) -> Duration { .seconds(count * 86_400) }
