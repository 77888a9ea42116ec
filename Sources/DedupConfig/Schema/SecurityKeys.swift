extension ConfigurationSchema {
  static let access = ConfigurationSection(
    "access", "Which clients may send mail through the relay. Everybody else is refused.",
    keys: [
      ConfigurationKey(
        "networks", \.access.networks, .list(.network, of: "networks", mayBeEmpty: true),
        example: "127.0.0.0/8, 10.0.0.0/24", essential: true,
        "Networks whose clients need not log in, in CIDR notation. Empty: everybody must log in, see [auth]."),
      ConfigurationKey(
        "mend-messages", \.access.mendsMessages, .boolean, example: "no",
        """
        What happens to mail with bytes that mail must not contain: NUL, a bare CR, a mix of line ends. yes: it \
        is accepted from clients that may send, and leaves without them. no: it is refused (554).
        """),
      ConfigurationKey(
        "proxies", \.access.proxies, .list(.network, of: "networks", mayBeEmpty: true),
        example: "192.0.2.10/32, 2001:db8::10/128",
        """
        Proxies such as HAProxy that use the PROXY protocol, version 2 (send-proxy-v2), to say who the client \
        is. They are trusted, so name single machines. Every connection from them must begin with a PROXY \
        header; all other keys then apply to the client it names. Empty: none.
        """),
    ])

  static let tls = ConfigurationSection(
    "tls",
    """
    Encryption between the clients and the relay. The files are read again when they change; open connections stay open.
    """,
    keys: [
      ConfigurationKey(
        "certificate", \.tls.certificate, .optional(.path()), example: "/etc/maildedup/cert.pem", essential: true,
        """
        The certificate (PEM), followed by the intermediate ones. With it, listener.address offers STARTTLS. \
        Empty: no TLS.
        """),
      ConfigurationKey(
        "key", \.tls.key, .optional(.path()), example: "/etc/maildedup/key.pem", essential: true,
        "Its private key (PEM), without a passphrase."),
    ])

  static let auth = ConfigurationSection(
    "auth",
    "Clients that log in (EMAIL_HOST_USER in Django). Passwords are accepted only inside TLS unless set otherwise here.",
    keys: [
      ConfigurationKey(
        "users", \.auth.users, .optional(.path()), example: "/etc/maildedup/users", essential: true,
        """
        A file with a line name:hash for each user; openssl passwd -6 makes the hash ($6$, $5$ and $y$ are \
        accepted). Only the relay may read it (chmod 640). It is read again when it changes. Empty: nobody logs \
        in.
        """),
      ConfigurationKey(
        "allow-plaintext-on-loopback", \.auth.allowsPlaintextOnLoopback, .boolean, example: "yes",
        "Whether clients on this machine may log in without TLS."),
    ])
}
