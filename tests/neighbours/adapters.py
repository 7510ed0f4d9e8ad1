"""The adapters for MongooseIM and Tinode, called as these servers call them, with deploy/mongooseim and deploy/tinode.

The servers themselves are in no repository of Debian: what they send and accept is taken from their documentation.
"""

import base64
import json
import re
import tomllib
import urllib.parse

from support import GATEWAY, App, basic, check, http, require, sample

TINODE_ERRORS = {
    "internal", "malformed", "failed", "duplicate value", "unsupported", "expired", "policy", "credentials", "not found",
    "denied",
}  # fmt: skip


def without_user(url):
    """A URL without its user name and password, and the header that Go makes of them."""
    parts = urllib.parse.urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urllib.parse.urlunsplit(parts._replace(netloc=host)), basic(parts.username, parts.password)


class MongooseIM:
    """ejabberd_auth_http of MongooseIM."""

    STATUSES = {200, 201, 204, 400, 401, 403, 404, 409}

    def __init__(self, app):
        substitutes = {"http://127.0.0.1:8080": GATEWAY, "default:adm-CHANGE-ME": f"{app.name}:{app.admin_token}"}
        config = tomllib.loads(sample("mongooseim/mongooseim.toml", substitutes))
        connection = config["outgoing_pools"]["http"]["auth"]["connection"]
        self.url = connection["host"] + connection["path_prefix"]
        self.headers = basic(*config["auth"]["http"]["basic_auth"].split(":", 1))

    def request(self, method, name, user, password=""):
        query = urllib.parse.urlencode({"user": user, "server": "chat.example", "pass": password})
        if method == "GET":
            status, body = http(method, f"{self.url}{name}?{query}", headers=self.headers)
        else:
            headers = {**self.headers, "Content-Type": "application/x-www-form-urlencoded"}
            status, body = http(method, self.url + name, query.encode(), headers)
        require(status in self.STATUSES, f"MongooseIM knows the status {status}")
        return status, body

    def is_true(self, name, user, password=""):
        return self.request("GET", name, user, password) == (200, b"true")


class Tinode:
    """The REST authenticator of Tinode."""

    def __init__(self, app):
        substitutes = {
            "127.0.0.1:8080": GATEWAY.removeprefix("http://"),
            "default:adm-CHANGE-ME": f"{app.name}:{app.admin_token}",
        }
        text = sample("tinode/tinode.conf", substitutes)
        rest = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))["auth_config"]["rest"]
        require(
            rest["allow_new_accounts"] and rest["use_separate_endpoints"],
            "Tinode makes accounts and uses separate endpoints",
        )
        self.url, self.headers = without_user(rest["server_url"])
        self.made = 0

    def call(self, endpoint, secret=None, rec=None):
        """What the authenticator makes of the answer: the error, and the answer."""
        request = {"endpoint": endpoint}
        if secret is not None:
            request["secret"] = base64.b64encode(secret.encode()).decode()
        if rec is not None:
            request["rec"] = rec
        headers = {**self.headers, "Content-Type": "application/json"}
        answer = json.loads(http("POST", self.url + endpoint, json.dumps(request).encode(), headers)[1])
        error = answer.get("err", "")
        require(not error or error in TINODE_ERRORS, f"Tinode knows the error {error!r}")
        return error, answer

    def log_in(self, secret):
        """The id of the user's account, which is made at the first login; None if the user is refused."""
        error, answer = self.call("auth", secret)
        if error:
            return None
        rec = answer["rec"]
        require(re.fullmatch(r"\d+s", rec["lifetime"]), "Tinode can read the lifetime")
        if "uid" not in rec:
            require(answer["newacc"]["public"]["fn"], "Tinode is told the name for the new account")
            self.made += 1
            rec["uid"] = base64.urlsafe_b64encode(self.made.to_bytes(8, "little")).decode().rstrip("=")
            error, _ = self.call("link", secret, rec)
            require(not error, "Tinode's new account is linked")
        return rec["uid"]


chat, other = App("chat"), App("other")
alice, bob, stranger = chat.user("alice"), chat.user("bob"), other.user("alice")

mongooseim = MongooseIM(chat)
check(mongooseim.is_true("user_exists", alice.id), "MongooseIM: a user exists")
check(not mongooseim.is_true("user_exists", stranger.id), "MongooseIM: a user of another app does not")
check(mongooseim.is_true("check_password", alice.id, alice.token), "MongooseIM: a token is a user's password")
check(not mongooseim.is_true("check_password", bob.id, alice.token), "MongooseIM: and not another user's")
check(
    not mongooseim.is_true("check_password", stranger.id, stranger.token),
    "MongooseIM: a token of another app is refused",
)
for name in ["register", "set_password", "remove_user"]:
    check(mongooseim.request("POST", name, bob.id, "x")[0] == 403, f"MongooseIM: {name} is not allowed")

tinode = Tinode(chat)
check(tinode.call("rtagns") == ("", {"strarr": []}), "Tinode: no tags are reserved")
uid = tinode.log_in(f"alice:{alice.token}")
check(uid is not None and tinode.log_in(alice.token) == uid, "Tinode: a user has the same account at each login")
check(tinode.log_in(bob.token) not in (None, uid), "Tinode: another user has another account")
for text, secret in [("another user's token", f"bob:{alice.token}"), ("another app's token", stranger.token)]:
    check(tinode.log_in(secret) is None, f"Tinode: {text} is refused")
check(tinode.call("add", "x:y")[0] == "unsupported", "Tinode: adding accounts is unsupported")

alice.kick()
check(not mongooseim.is_true("check_password", alice.id, alice.token), "MongooseIM: a kicked user is refused")
check(tinode.log_in(alice.token) is None, "Tinode: a kicked user is refused")
alice.log_in()
check(tinode.log_in(alice.token) == uid, "Tinode: and has the same account after a new login")
