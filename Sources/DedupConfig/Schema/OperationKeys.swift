extension ConfigurationSchema {
  static let control = ConfigurationSection(
    "control", "How dedupctl talks to the relay.",
    keys: [
      ConfigurationKey(
        "socket", \.control.socket, .path(maximumLength: 107), example: "/run/maildedup/control.sock",
        "The Unix socket of the relay. Whoever may write to it may read and delete mail. A change takes a restart.")
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
