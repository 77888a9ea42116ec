extension ConfigurationSchema {
  static let control = ConfigurationSection(
    "control", "How dedupctl talks to the relay.",
    keys: [
      ConfigurationKey(
        "socket", \.control.socket, .path(maximumLength: 107), example: "/run/maildedup/control.sock",
        """
        The Unix socket of the relay. Whoever may write to it can read and delete mail. Takes effect after a \
        restart.
        """),
      ConfigurationKey(
        "socket-group", \.control.socketGroup, .optional(.text), example: "adm",
        """
        The group whose members may use dedupctl. Empty: the group that the relay runs as. Takes effect after a \
        restart.
        """),
      ConfigurationKey(
        "address", \.control.address, .optional(.endpoint(usualPort: 8025)), example: "127.0.0.1:8025",
        """
        A TCP address on this machine where the control API and /metrics answer too, to clients that show the \
        token. Empty: none. Takes effect after a restart.
        """),
      ConfigurationKey(
        "token-file", \.control.tokenFile, .optional(.path()), example: "$CREDENTIALS_DIRECTORY/control-token",
        """
        A file with that token and nothing else, readable for the relay only. Clients send it as "Authorization: \
        Bearer TOKEN". Takes effect after a restart.
        """),
    ])

  static let log = ConfigurationSection(
    "log", "What the relay logs, on standard error.",
    keys: [
      ConfigurationKey(
        "level", \.log.level, .choice, example: "debug",
        "The least severe messages to log."),
      ConfigurationKey(
        "format", \.log.format, .choice, example: "json",
        "Lines for people, or one JSON object a line for programs."),
    ])
}
