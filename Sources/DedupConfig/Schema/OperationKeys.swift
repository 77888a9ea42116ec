extension ConfigurationSchema {
  static let control = ConfigurationSection(
    "control", "How dedupctl talks to the relay.",
    keys: [
      ConfigurationKey(
        "socket", \.control.socket, .path(maximumLength: 107), example: "/run/maildedup/control.sock",
        "The Unix socket of the relay. Whoever may write to it may read and delete mail. A change takes a restart."),
      ConfigurationKey(
        "socket-group", \.control.socketGroup, .optional(.text), example: "adm",
        """
        The group whose members may use dedupctl. Empty: the group that the relay runs as. A change takes a restart.
        """),
      ConfigurationKey(
        "address", \.control.address, .optional(.endpoint(usualPort: 8025)), example: "127.0.0.1:8025",
        """
        A TCP address on this machine where the control API and /metrics answer as well, to whoever shows the token. \
        Empty: none. A change takes a restart.
        """),
      ConfigurationKey(
        "token-file", \.control.tokenFile, .optional(.path()), example: "$CREDENTIALS_DIRECTORY/control-token",
        """
        A file with that token and nothing else, readable for the relay only. Clients send it as "Authorization: \
        Bearer TOKEN". A change takes a restart.
        """),
    ])

  static let log = ConfigurationSection(
    "log", "What the relay tells about its work, on standard error.",
    keys: [
      ConfigurationKey(
        "level", \.log.level, .choice, example: "debug",
        "The least important messages to show."),
      ConfigurationKey(
        "format", \.log.format, .choice, example: "json",
        "Lines for people, or one JSON object in each line for programs."),
    ])
}
