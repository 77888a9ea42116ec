extension ConfigurationSchema {
  static let listener = ConfigurationSection(
    "listener", "Where Django connects.",
    keys: [
      ConfigurationKey(
        "address", \.listener.addresses, .list(.endpoint(usualPort: 2525), of: "address:port", mayBeEmpty: true),
        example: "127.0.0.1:2525, [::1]:2525", essential: true,
        """
        The addresses and ports to listen on. EMAIL_HOST and EMAIL_PORT of Django name one of them. Who may send is \
        said in [access]: an address that others can reach refuses all of them as long as nothing is said there or in \
        [auth].
        """),
      ConfigurationKey(
        "tls-address", \.listener.tlsAddresses,
        .list(.endpoint(usualPort: 465), of: "address:port", mayBeEmpty: true), example: "192.0.2.1:465",
        """
        Addresses where TLS begins with the first octet (EMAIL_USE_SSL of Django). They need a certificate. Empty: none.
        """),
      ConfigurationKey(
        "socket", \.listener.socket, .optional(.path(maximumLength: 107)), example: "/run/maildedup/smtp.sock",
        """
        A Unix socket to listen on as well. Whoever may write to its file may send, and may log in without TLS. \
        Empty: none.
        """),
      ConfigurationKey(
        "socket-mode", \.listener.socketMode, .fileMode, example: "0666",
        """
        The mode of that file. 0660: the user and the group of the relay may send. 0666: everybody on this machine who \
        may enter its folder.
        """),
      ConfigurationKey(
        "hostname", \.listener.hostname, .optional(.hostname), example: "relay.example.org",
        """
        The name in the SMTP greeting and in the Received: field of each mail. Empty: the name of the machine. A change \
        takes a restart.
        """),
      ConfigurationKey(
        "maximum-connections", \.listener.maximumConnections, .count(1...100_000), example: "2000",
        """
        Connections that may be open at the same time. A further client that may send waits up to five seconds for a \
        place; after that, and all others at once, it is told to come back later (421).
        """),
      ConfigurationKey(
        "maximum-connections-before-login", \.listener.maximumConnectionsBeforeLogin, .count(1...100_000),
        example: "50",
        """
        The same for clients that may not send unless they log in, until they have done so: never more than a quarter \
        of maximum-connections, so that strangers cannot take the places of those who may. One of them may have a tenth \
        of these.
        """),
      ConfigurationKey(
        "maximum-connections-per-client", \.listener.maximumConnectionsPerClient, .count(1...100_000), example: "20",
        """
        The same for one client address; outside of access.networks all addresses of one /64 of IPv6 count as one.
        """),
      ConfigurationKey(
        "maximum-connections-per-loopback-client", \.listener.maximumConnectionsPerLoopbackClient,
        .count(1...100_000), example: "1000",
        """
        The same for a client on this machine, and for the Unix socket: all processes of all sites here share one \
        address, and in an outage each of them has an error to report.
        """),
      ConfigurationKey(
        "message-memory", \.listener.messageMemory, .size(1 << 20...1 << 40), example: "256MiB",
        """
        Memory for messages that are arriving, of all clients together. When half of it is in use, they are written to \
        the disk earlier; when all is, those that need more are refused for now (452), which takes many clients with \
        headers of some hundred KiB.
        """),
    ])
}
