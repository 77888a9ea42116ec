"""A mail that finds out what a client or a server changes."""

SENDER = "site@shop.example"
RECIPIENTS = ["admins@shop.example", "ops@shop.example", "Dev+errors@other.example"]

# Every field that somebody might add is there already: what arrives can be compared as a whole.
AWKWARD = "\r\n".join([
    f"From: <{SENDER}>", f"To: {', '.join(RECIPIENTS)}", "Subject: awkward", "Date: Sun, 22 Nov 2026 10:00:00 +0000",
    "Message-ID: <awkward@shop.example>", "MIME-Version: 1.0", 'Content-Type: text/plain; charset="utf-8"',
    "Content-Transfer-Encoding: 8bit", "", "Grüße, naïve 東京 🐘", ".", "..", ".hidden", "...three", "x" * 900, "",
    "  trailing blanks  ", ".", "The end.", ""]).encode()
