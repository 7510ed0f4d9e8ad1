"""standardwebhooks verifies what a webhook posts."""

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from support import HAS_NODE, App, check, diglot, node

posts = queue.Queue()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        posts.put((body, dict(self.headers.items())))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def python(secret, body, headers):
    """The event, as the library of Python verifies it; None if it is refused."""
    try:
        return Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return None


def node_js(secret, body, headers):
    """The event, as the library of Node.js verifies it; None if it is refused."""
    return node(secret=secret, body=body, headers={name.lower(): value for name, value in headers.items()})


receiver = HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{receiver.server_port}/"

chat = App("chat")
created = json.loads(diglot("webhook", "create", "--app", "chat", "--url", url, "--events", "user.created", "--json"))
secret, id = created["secret"], str(created["id"])
check(secret.startswith("whsec_"), "the secret is that of Standard Webhooks")
alice = chat.user("alice")
body, headers = posts.get(timeout=30)
first, timestamp = (body, headers), next(name for name in headers if name.lower() == "webhook-timestamp")
later = {**headers, timestamp: str(int(headers[timestamp]) + 1)}
new = json.loads(diglot("webhook", "rotate", "--app", "chat", "--id", id, "--json"))["secret"]
diglot("webhook", "test", "--app", "chat", "--id", id)
second = posts.get(timeout=30)
for name, verify in [("Python", python), *([("Node.js", node_js)] if HAS_NODE else [])]:
    event = verify(secret, *first)
    right = event["type"] == "user.created" and event["data"]["user_id"] == alice.id
    check(right and event["data"]["username"] == "alice", f"standardwebhooks of {name} verifies an event")
    check(verify(secret, body.replace(b"alice", b"clara"), headers) is None, f"{name}: and refuses another body")
    check(verify("whsec_" + "A" * 43 + "=", *first) is None, f"{name}: and refuses another secret")
    check(verify(secret, body, later) is None, f"{name}: and refuses another time")
    check(verify(new, *first) is None, f"{name}: and refuses a secret that was made later")
    check(verify(new, *second), f"{name}: after a rotation, the new secret verifies")
    check(verify(secret, *second), f"{name}: and so does the old one")
receiver.shutdown()
