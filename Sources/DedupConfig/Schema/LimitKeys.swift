import SMTPProtocol

extension ConfigurationSchema {
  static let limits = ConfigurationSection(
    "limits", "What one client may ask of the relay. The defaults suit Django.",
    keys: sizeLimits + countLimits + timeLimits)

  private static let sizeLimits = [
    ConfigurationKey(
      "message-size", \.limits.messageSize, .size(1024...1 << 30), example: "128MiB",
      """
      The largest mail that is accepted (552 above that). A form of 2.5 MB, which Django accepts by default, can \
      make an error report of 49 MB.
      """),
    ConfigurationKey(
      "header-block", \.limits.headerBlock, .size(1024...64 << 20), example: "256KiB",
      "The largest header of a mail; mail with a larger one is refused."),
    ConfigurationKey(
      "command-line", \.limits.commandLine, .size(512...64 << 10), example: "1KiB",
      "The longest command line; a longer one closes the connection."),
    ConfigurationKey(
      "auth-line", \.limits.authLine, .size(1024...64 << 10), example: "4KiB",
      "The longest line of a login; a longer one closes the connection."),
  ]

  private static let countLimits = [
    ConfigurationKey(
      "recipients", \.limits.recipients, .count(1...100_000), example: "100",
      "The most recipients of one mail (452 above that; clients then send a second one)."),
    ConfigurationKey(
      "received-hops", \.limits.receivedHops, .count(1...1000), example: "25",
      "The most Received: fields; mail with more is going in circles (554)."),
    ConfigurationKey(
      "errors-before-delay", \.limits.errorsBeforeDelay, .count(1...1000), example: "5",
      "Errors of a client after which its replies are delayed."),
    ConfigurationKey(
      "errors-before-close", \.limits.errorsBeforeClose, .count(1...1000), example: "10",
      "Errors of a client after which the connection is closed (421)."),
    ConfigurationKey(
      "auth-failures", \.limits.authFailures, .count(1...100), example: "5",
      "Wrong passwords on a connection after which it is closed (421)."),
    ConfigurationKey(
      "junk-commands", \.limits.junkCommands, .count(1...100_000), example: "20",
      """
      Commands such as NOOP and RSET in a row, with no mail in between, after which the connection is closed \
      (421).
      """),
  ]

  private static let timeLimits = [
    ConfigurationKey(
      "error-delay", \.limits.errorDelay, .duration(.zero...minute), example: "5s",
      "How long each reply is delayed after errors-before-delay. 0: not at all."),
    ConfigurationKey(
      "auth-delay", \.limits.authDelay, .duration(.zero...minute), example: "5s",
      "How long the reply to a wrong password is delayed. 0: not at all."),
    ConfigurationKey(
      "idle", \.limits.idle, .duration(.seconds(1)...day), example: "1min",
      "How long a client may take until its next command."),
    ConfigurationKey(
      "idle-under-pressure", \.limits.idleUnderPressure, .duration(.seconds(1)...day), example: "10s",
      "The same while more than 80 % of the connections are in use."),
    ConfigurationKey(
      "idle-before-login", \.limits.idleBeforeLogin, .duration(.seconds(1)...day), example: "5s",
      "The same for a client that may not send until it logs in, also for the start of TLS."),
    ConfigurationKey(
      "login", \.limits.login, .duration(.seconds(1)...day), example: "30s",
      "How long such a client may take until it has logged in."),
    ConfigurationKey(
      "handshake", \.limits.handshake, .duration(.seconds(1)...day), example: "10s",
      "How long a TLS handshake may take."),
    ConfigurationKey(
      "data", \.limits.data, .duration(.seconds(1)...day), example: "30min",
      "How long a client may take to send one mail."),
    ConfigurationKey(
      "minimum-rate", \.limits.minimumRate, .size(0...1 << 30), example: "2KiB",
      "The bytes per second, averaged over the mail, that a client has to send. 0: any pace will do."),
    ConfigurationKey(
      "slow-after", \.limits.slowAfter, .duration(.zero...day), example: "2min",
      "How long a mail may come more slowly than that at its beginning. 0: never."),
  ]

  private static let minute = Duration.seconds(60)
  private static let day = Duration.seconds(86_400)
}
