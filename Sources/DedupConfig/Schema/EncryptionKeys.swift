extension ConfigurationSchema {
  static let encryption = ConfigurationSection(
    "encryption",
    """
    Error mail may hold settings, cookies and form data. With certificates here, error reports and summaries leave \
    encrypted (S/MIME); all other mail goes out unchanged. The files are read at the start and at dedupctl reload.
    """,
    keys: [
      ConfigurationKey(
        "certificates", \.encryption.certificates, .list(.path(), of: "paths", mayBeEmpty: true),
        example: "/etc/maildedup/anna.pem, /etc/maildedup/ben.pem", essential: true,
        """
        PEM files with the S/MIME certificates of everybody who reads error mail; a file may hold several. Only \
        holders of their keys can read it, so list one for each recipient. Empty: nothing is encrypted.
        """),
      ConfigurationKey(
        "when-unusable", \.encryption.whenUnusable, .choice, example: "clear",
        """
        What to do when a certificate cannot be used. refuse: the relay does not start, and a reload changes \
        nothing; one that expires later is still encrypted to. Nothing leaves in clear. clear: error mail leaves \
        in clear, and each mail says why, until all certificates can be used. Either way the log and dedupctl \
        status give the reason.
        """),
      ConfigurationKey(
        "hide-subject", \.encryption.hidesSubject, .boolean, example: "yes",
        """
        Whether to encrypt the Subject too; the visible one is Error report [id] of site. A path in it may hold \
        secrets. Some mail clients show the real one after decryption (RFC 9788), others never do.
        """),
    ])
}
