extension ConfigurationSchema {
  static let listener = ConfigurationSection(
    "listener", "Where Django connects.",
    keys: [
      ConfigurationKey(
        "address", \.listener.addresses, .list(.endpoint(usualPort: 2525), of: "address:port", mayBeEmpty: true),
        example: "127.0.0.1:2525, [::1]:2525", essential: true,
        """
        The addresses and ports to listen on; EMAIL_HOST and EMAIL_PORT in Django name one of them. [access] \
        says who may send: an address that other machines can reach refuses all of them until [access] or [auth] \
        lets some in.
        """),
      ConfigurationKey(
        "tls-address", \.listener.tlsAddresses,
        .list(.endpoint(usualPort: 465), of: "address:port", mayBeEmpty: true), example: "192.0.2.1:465",
        """
        Addresses that speak TLS from the first byte (EMAIL_USE_SSL in Django). They need a certificate. Empty: \
        none.
        """),
      ConfigurationKey(
        "socket", \.listener.socket, .optional(.path(maximumLength: 107)), example: "/run/maildedup/smtp.sock",
        """
        A Unix socket to listen on as well. Whoever may write to it may send, and may log in without TLS. Empty: \
        none.
        """),
      ConfigurationKey(
        "socket-mode", \.listener.socketMode, .fileMode, example: "0666",
        """
        The mode of that socket. 0660: the user and the group of the relay may send. 0666: everybody on this \
        machine who can enter its folder.
        """),
      ConfigurationKey(
        "hostname", \.listener.hostname, .optional(.hostname), example: "relay.example.org",
        """
        The host name in the SMTP greeting and in the Received: field of each mail. Empty: the name of this \
        machine. Takes effect after a restart.
        """),
      ConfigurationKey(
        "maximum-connections", \.listener.maximumConnections, .count(1...100_000), example: "2000",
        """
        How many connections may be open at once. Beyond that, a client that may send waits up to five seconds \
        for a place and is then told to try again later (421); all others are told so at once.
        """),
      ConfigurationKey(
        "maximum-connections-before-login", \.listener.maximumConnectionsBeforeLogin, .count(1...100_000),
        example: "50",
        """
        The same for clients that may not send until they log in; never more than a quarter of \
        maximum-connections, so that strangers cannot take the places of clients that may send. One client may \
        have a tenth of these.
        """),
      ConfigurationKey(
        "maximum-connections-per-client", \.listener.maximumConnectionsPerClient, .count(1...100_000), example: "20",
        "The same for one client address. Outside access.networks, all addresses of an IPv6 /64 count as one."),
      ConfigurationKey(
        "maximum-connections-per-loopback-client", \.listener.maximumConnectionsPerLoopbackClient,
        .count(1...100_000), example: "1000",
        """
        The same for this machine and for the Unix socket: all processes of all sites here share one address, \
        and in an outage each of them has an error to report.
        """),
      ConfigurationKey(
        "message-memory", \.listener.messageMemory, .size(1 << 20...1 << 40), example: "256MiB",
        """
        Memory for mail that is being received, over all clients. When half of it is in use, mail goes to disk \
        earlier; when all of it is, mail that needs more is refused for now (452). That takes many clients with \
        headers of some hundred KiB.
        """),
    ])
}
