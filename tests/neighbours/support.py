"""What the scripts of this folder share: the gateway that scripts/test-neighbours has started, and its users.

The gateway's address is in GATEWAY, its binary in DIGLOT, and the folder of its database, in which its commands run, in
GATEWAY_DIR. Without NODE_FOLDER, what needs Node.js is left out.
"""

import base64
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
GATEWAY = os.environ["GATEWAY"]
PASSWORD = "a password for tests"
HAS_NODE = "NODE_FOLDER" in os.environ


def require(is_right, text):
    """Ends the script unless `is_right`."""
    if not is_right:
        sys.exit(f"{sys.argv[0]}: failed: {text}")


def check(is_right, text):
    """Ends the script unless `is_right`; prints `text` if it is."""
    require(is_right, text)
    print(f"  {text}", flush=True)


def diglot(*args, stdin=""):
    """Runs a command of the gateway and returns what it prints."""
    command = [os.environ["DIGLOT"], *args]
    done = subprocess.run(command, cwd=os.environ["GATEWAY_DIR"], input=stdin, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.returncode} {done.stdout} {done.stderr}")
    return done.stdout


def node(**arguments):
    """What verify.mjs prints for these arguments. NODE_FOLDER has it with its libraries."""
    text = json.dumps(
        {name: value.decode() if isinstance(value, bytes) else value for name, value in arguments.items()}
    )
    command = ["node", "verify.mjs"]
    done = subprocess.run(command, cwd=os.environ["NODE_FOLDER"], input=text, capture_output=True, text=True)
    require(done.returncode == 0, f"verify.mjs: {done.stderr}")
    return json.loads(done.stdout)


def http(method, url, body=None, headers=None):
    """Sends a request. Returns the status and the body, whatever the status is."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read()


def basic(name, password):
    """The header of Basic credentials."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


class App:
    """An app with an admin token."""

    def __init__(self, name):
        self.name = name
        diglot("app", "create", name)
        created = diglot("admin-token", "create", "--app", name, "--name", "neighbours", "--json")
        self.admin_token = json.loads(created)["token"]

    def update(self, *options):
        """Changes settings; the gateway knows them within a second."""
        diglot("app", "update", self.name, *options)
        time.sleep(1.5)

    def user(self, name):
        """Creates an account and logs it in."""
        created = diglot(
            "user", "create", name, "--app", self.name, "--password-stdin", "--json", stdin=PASSWORD + "\n"
        )
        return User(self, name, json.loads(created)["user_id"])


class User:
    """An account with a session."""

    def __init__(self, app, name, id):
        self.app, self.name, self.id = app, name, id
        self.log_in()

    def log_in(self):
        body = {"email": self.name, "password": PASSWORD, "deviceId": "phone", "platform": "android"}
        self.token = self._v1("/v1/user/email-login", body)["data"]["token"]

    def access_token(self, **body):
        """A new access token; None if there is none for it."""
        return self._v1("/v1/user/access-token", body, self.token).get("data", {}).get("accessToken")

    def kick(self):
        """Ends its sessions; the gateway knows within a second."""
        diglot("user", "kick", "--app", self.app.name, str(self.id))
        time.sleep(1.5)

    def _v1(self, path, body, token=None):
        headers = {"Content-Type": "application/json", "Accept": "application/json", "app_id": self.app.name}
        if token:
            headers["token"] = token
        return json.loads(http("POST", GATEWAY + path, json.dumps(body).encode(), headers)[1])


def jwt_part(token, index):
    """The header (0) or the claims (1) of a JWT, unverified."""
    part = token.split(".")[index]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def tampered(token, **claims):
    """The token with other claims, under the signature of the old ones."""
    header, _, signature = token.split(".")
    text = json.dumps({**jwt_part(token, 1), **claims}).encode()
    return f"{header}.{base64.urlsafe_b64encode(text).rstrip(b'=').decode()}.{signature}"


def wait_until_expired(token):
    """Sleeps until an access token has expired."""
    time.sleep(max(0, jwt_part(token, 1)["exp"] + 1 - time.time()))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for_port(port, process, log):
    """Waits until a server listens."""
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
    sys.exit(f"{process.args} does not listen:\n{pathlib.Path(log).read_text(errors='replace')[-3000:]}")


def sample(name, substitutes):
    """A file of deploy/ with other ports and paths, each of which it must have."""
    text = (ROOT / "deploy" / name).read_text()
    for old, new in substitutes.items():
        if old not in text:
            sys.exit(f"deploy/{name} does not have {old!r}")
        text = text.replace(old, new)
    return text
