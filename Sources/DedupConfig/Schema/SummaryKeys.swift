import DedupCore
import MailMessage

extension ConfigurationSchema {
  static let summary = ConfigurationSection(
    "summary", "The mail that lists what was forwarded and what was held back.",
    keys: [
      ConfigurationKey(
        "enabled", \.summary.enabled, .boolean, example: "no", essential: true,
        "Whether to send it each day."),
      ConfigurationKey(
        "time", \.summary.time, .timeOfDay, example: "08:30", essential: true,
        "When, on the clock of this machine."),
      ConfigurationKey(
        "weekly", \.summary.weekly, .orNo(.choice), example: "monday", essential: true,
        "On which day a summary of the week comes as well, at the same time; also with enabled = no."),
      ConfigurationKey(
        "to", \.summary.to, .list(.emailAddress, of: "mail addresses", mayBeEmpty: true),
        example: "ops@example.org, dev@example.org", essential: true,
        "Who gets it. Empty: whoever gets the error mails."),
      ConfigurationKey(
        "split", \.summary.split, .choice, example: "site", essential: true,
        """
        Who reads of which errors. no: all of all. site: one mail for each site, to the recipients of its error mails. \
        recipient: each of the errors of the sites whose error mails it gets.
        """),
      ConfigurationKey(
        "from", \.summary.from, .optional(.emailAddress), example: "maildedup@example.org", essential: true,
        "The sender of it. Empty: the sender of most error mails, which the smarthost is known to take."),
      ConfigurationKey(
        "send-when-quiet", \.summary.sendWhenQuiet, .boolean, example: "yes", essential: true,
        "Whether to send it also when there is nothing to tell, as a sign of life. Trouble with delivery is something."),
      ConfigurationKey(
        "top-errors", \.summary.topErrors, .count(1...200), example: "50",
        "How many errors it lists one by one, the most important first. The rest is summed up in a line."),
    ])
}
