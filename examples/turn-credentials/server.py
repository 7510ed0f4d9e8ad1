"""Issues credentials of a TURN server to users of the gateway, for example for coturn with deploy/coturn/turnserver.conf.

    ADMIN_TOKEN=adm-… TURN_SECRET=… python3 examples/turn-credentials/server.py \
        http://127.0.0.1:8080 default 127.0.0.1:8090 turn:turn.chat.example:3478

It needs Python 3 only. A user sends POST /turn with its token (a session's or an access token), as
`Authorization: Bearer TOKEN`. The gateway decides whether it is valid; the answer is an entry of `iceServers`, as WebRTC
takes it, and its lifetime in seconds. The credentials are those of the "TURN REST API": a user name that begins with the
time until which they are valid, and its HMAC-SHA1 under the secret that the TURN server has too.
"""

import base64
import hmac
import json
import os
import sys
import time
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

gateway, app, listen, *urls = sys.argv[1:]
LIFETIME_SECS = 600


def introspect(token):
    """What the gateway says about a token (RFC 7662)."""
    credentials = base64.b64encode(f"{app}:{os.environ['ADMIN_TOKEN']}".encode()).decode()
    form = urllib.parse.urlencode({"token": token}).encode()
    request = urllib.request.Request(gateway + "/oauth2/introspect", form, {"Authorization": "Basic " + credentials})
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def credentials(user):
    """What lets a user in at the TURN server for a while."""
    name = f"{int(time.time()) + LIFETIME_SECS}:{user}"
    password = base64.b64encode(hmac.digest(os.environ["TURN_SECRET"].encode(), name.encode(), "sha1")).decode()
    return {"urls": urls, "username": name, "credential": password, "ttl": LIFETIME_SECS}


class Handler(BaseHTTPRequestHandler):
    timeout = 10

    def do_POST(self):
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if self.path != "/turn":
            return self.answer(404, {"error": "not_found"})
        if scheme.lower() != "bearer" or not token:
            return self.answer(401, {"error": "invalid_token"})
        try:
            found = introspect(token)
        except OSError as error:
            print(f"the gateway did not answer: {error}", file=sys.stderr)
            return self.answer(503, {"error": "temporarily_unavailable"})
        if not found["active"]:
            return self.answer(401, {"error": "invalid_token"})
        self.answer(200, credentials(found["sub"]))

    def answer(self, status, body):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)


host, port = listen.rsplit(":", 1)
ThreadingHTTPServer((host, int(port)), Handler).serve_forever()
