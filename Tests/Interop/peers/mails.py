"""Mails: one that finds out what a client or a server changes, and the errors of a Django site."""

SENDER = "site@shop.example"
RECIPIENTS = ["admins@shop.example", "ops@shop.example", "Dev+errors@other.example"]

# Every field that somebody might add is there already: what arrives can be compared as a whole.
AWKWARD = "\r\n".join([
    f"From: <{SENDER}>", f"To: {', '.join(RECIPIENTS)}", "Subject: awkward", "Date: Sun, 22 Nov 2026 10:00:00 +0000",
    "Message-ID: <awkward@shop.example>", "MIME-Version: 1.0", 'Content-Type: text/plain; charset="utf-8"',
    "Content-Transfer-Encoding: 8bit", "", "Grüße, naïve 東京 🐘", ".", "..", ".hidden", "...three", "x" * 900, "",
    "  trailing blanks  ", ".", "The end.", ""]).encode()


def error_report(number: int, setting: str = "shop.settings") -> bytes:
    """An error mail of Django, a different error for each number."""
    name = f"step_{'abcdefghij'[number // 10 % 10]}{'abcdefghij'[number % 10]}"
    return "\r\n".join([
        "From: root@shop.example", "To: admins@shop.example", f"Subject: [Django] ERROR: Internal Server Error: /{name}/",
        f"Message-ID: <{number}@shop.example>", "Date: Sun, 22 Nov 2026 10:00:00 +0000", "MIME-Version: 1.0",
        'Content-Type: text/plain; charset="utf-8"', "", f"Internal Server Error: /{name}/", "",
        "Traceback (most recent call last):",
        '  File "/usr/lib/python3/dist-packages/django/core/handlers/exception.py", line 55, in inner',
        "    response = get_response(request)",
        f'  File "/srv/shop/orders/{name}.py", line 12, in {name}', f"    return {name}_total[order]",
        f"KeyError: '{name}'", "", f"Request Method: GET", f"Request URL: http://shop.example/{name}/",
        f"Using settings module {setting}", ""]).encode()
