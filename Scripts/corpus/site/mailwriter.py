"""Writes each mail to a file, with the paths of this machine replaced before it is encoded."""
import os

from django.core.mail.backends.base import BaseEmailBackend

REWRITE = [pair.split('=>') for pair in os.environ.get('REWRITE', '').split('|') if pair]
OUT = os.environ.get('OUT', '.')
CURRENT = ['mail']


def rewrite(text):
    for old, new in REWRITE:
        text = text.replace(old, new)
    return text


class EmailBackend(BaseEmailBackend):
    def send_messages(self, messages):
        for message in messages:
            message.body = rewrite(message.body)
            if os.environ.get('ONLY_HTML') == '1' and getattr(message, 'alternatives', None):
                message.body = rewrite(message.alternatives[0][0])
                message.content_subtype = 'html'
                message.alternatives = []
            elif getattr(message, 'alternatives', None):
                message.alternatives = [type(a)(rewrite(a[0]), a[1]) if hasattr(a, '_fields') else (rewrite(a[0]), a[1])
                                        for a in message.alternatives]
            folder = os.path.join(OUT, CURRENT[0])
            if not os.path.isdir(folder):
                os.makedirs(folder)
            name = '%s-%s.eml' % (os.environ['VARIANT'], CURRENT[1])
            with open(os.path.join(folder, name), 'wb') as out:
                built = message.message()
                data = built.as_bytes() if hasattr(built, 'as_bytes') else built.as_string()
                out.write(data.replace(b'\r\n', b'\n').replace(b'\n', b'\r\n'))
        return len(messages)
