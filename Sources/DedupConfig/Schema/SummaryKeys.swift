import DedupCore
import MailMessage

extension ConfigurationSchema {
  static let summary = ConfigurationSection(
    "summary", "The mail that lists what was forwarded and what was held back.",
    keys: [
      ConfigurationKey(
        "enabled", \.summary.enabled, .boolean, example: "no", essential: true,
        "Whether to send it every day."),
      ConfigurationKey(
        "time", \.summary.time, .timeOfDay, example: "08:30", essential: true,
        "When, by the clock of this machine."),
      ConfigurationKey(
        "weekly", \.summary.weekly, .orNo(.choice), example: "monday", essential: true,
        "The day on which a summary of the week is sent too, at the same time; also with enabled = no."),
      ConfigurationKey(
        "to", \.summary.to, .list(.emailAddress, of: "mail addresses", mayBeEmpty: true),
        example: "ops@example.org, dev@example.org", essential: true,
        "Who gets it. Empty: everybody who gets the error mails."),
      ConfigurationKey(
        "split", \.summary.split, .choice, example: "site", essential: true,
        """
        Who reads about which errors. no: everybody about all. site: one mail for each site, to the recipients \
        of its error mails. recipient: each recipient about the sites whose error mails they get.
        """),
      ConfigurationKey(
        "from", \.summary.from, .optional(.emailAddress), example: "maildedup@example.org", essential: true,
        "Its sender. Empty: the sender of most error mails, which the smarthost is known to accept."),
      ConfigurationKey(
        "send-when-quiet", \.summary.sendWhenQuiet, .boolean, example: "yes", essential: true,
        """
        Whether to send it also when there is nothing to report, as a sign of life. Trouble with delivery is \
        always reported.
        """),
      ConfigurationKey(
        "top-errors", \.summary.topErrors, .count(1...200), example: "50",
        "How many errors it lists one by one, most important first. The rest are summed up in one line."),
    ])
}
