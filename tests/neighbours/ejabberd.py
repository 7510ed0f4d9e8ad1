"""ejabberd with deploy/ejabberd/ejabberd.yml: users log in by XMPP with access tokens."""

import asyncio
import json
import logging
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time

import slixmpp

from support import GATEWAY, ROOT, App, check, diglot, free_port, http, jwt_part, sample, tampered, wait_for_port

HOST = "chat.example"
# It logs refused logins, and tasks that end with its connections.
for name in ["slixmpp", "asyncio"]:
    logging.getLogger(name).setLevel(logging.CRITICAL + 1)


class Server:
    """An ejabberd of its own, in a temporary folder and on free ports."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="diglot-ejabberd-"))
        self.port = free_port()
        self.process = None
        for name in ["logs", "spool"]:
            (self.folder / name).mkdir()
        subject = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-days", "2", "-nodes"]
        pem = self.folder / "ejabberd.pem"
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", *subject]
        subprocess.run([*command, "-keyout", f"{pem}.key", "-out", pem], check=True, capture_output=True)
        self.certificate = pem.read_text()
        pem.write_text(pathlib.Path(f"{pem}.key").read_text() + self.certificate)
        config = sample(
            "ejabberd/ejabberd.yml",
            {"/etc/ejabberd/": f"{self.folder}/", "port: 5222": f"port: {self.port}", 'ip: "::"': 'ip: "127.0.0.1"'},
        )
        (self.folder / "ejabberd.yml").write_text(config)
        # Read in place of the system's, which would set paths.
        (self.folder / "ejabberdctl.cfg").write_text("INET_DIST_INTERFACE=127.0.0.1\n")
        shutil.copy("/etc/ejabberd/inetrc", self.folder)
        self.environment = {**os.environ, "ERL_DIST_PORT": str(free_port()), "HOME": str(self.folder)}
        self.command = ["ejabberdctl", "--node", f"diglot{os.getpid()}@localhost", "--config-dir", self.folder]
        self.command += ["--ctl-config", self.folder / "ejabberdctl.cfg"]
        self.command += ["--config", self.folder / "ejabberd.yml"]
        self.command += ["--spool", self.folder / "spool", "--logs", self.folder / "logs"]

    def update_key(self, *key_id):
        """Runs deploy/ejabberd/update-key."""
        script = ROOT / "deploy/ejabberd/update-key"
        command = [sys.executable, script, GATEWAY, self.folder / "diglot.jwk", *key_id]
        return subprocess.run(command, capture_output=True).returncode

    def start(self):
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", "ejabberd", self.folder], check=True)
        log = self.folder / "out"
        with open(log, "w") as out:
            command = [*self.command, "foreground"]
            self.process = subprocess.Popen(command, env=self.environment, stdout=out, stderr=out)
        wait_for_port(self.port, self.process, log)

    def ctl(self, *args):
        """Runs ejabberdctl; whether it succeeds."""
        done = subprocess.run([*self.command, *args], env=self.environment, capture_output=True, text=True)
        return done.returncode == 0

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.ctl("stop")
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self):
        """Kills whatever runs in its folder: ejabberdctl, what starts it as its user, and Erlang."""
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if str(self.folder).encode() in (process / "cmdline").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)
            except OSError:
                pass
        self.process.wait()


async def connect(server, user, token):
    """An XMPP client that is let in; None if it is not."""
    client = slixmpp.ClientXMPP(f"{user}@{HOST}/test", token)
    client.ssl_context = ssl.create_default_context(cadata=server.certificate)
    client.ca_certs = None
    found = asyncio.get_running_loop().create_future()

    def note(value):
        if not found.done():
            found.set_result(value)

    client.add_event_handler("session_start", lambda _: note(True))
    client.add_event_handler("failed_all_auth", lambda _: note(False))
    client.add_event_handler("ssl_invalid_chain", lambda error: note(error))
    client.connect("127.0.0.1", server.port)
    outcome = await asyncio.wait_for(found, 30)
    if not isinstance(outcome, bool):
        sys.exit(f"the XMPP client does not get as far as the login: {outcome}")
    if not outcome:
        await client.disconnect()
        return None
    return client


async def logs_in(server, user, token):
    """Whether an XMPP client is let in."""
    client = await connect(server, user, token)
    if client is None:
        return False
    await client.disconnect()
    return True


async def test(server):
    chat, other = App("chat"), App("other")
    first_key = diglot("signing-key", "rotate").strip()
    for app, host in [(chat, HOST), (other, "other.example")]:
        app.update("--access-token-claim", f"jid={{user_id}}@{host}")
    check(server.update_key() == 0 and server.update_key() == 3, "update-key writes a key once")
    single = (server.folder / "diglot.jwk").read_bytes()
    status, key_set = http("GET", GATEWAY + "/.well-known/jwks.json")
    (server.folder / "diglot.jwk").write_bytes(key_set)
    server.start()
    alice, bob = chat.user("alice"), chat.user("bob")

    token = alice.access_token()
    expected = {"typ": "at+jwt", "alg": "ES256", "kid": first_key}
    check(jwt_part(token, 0) == expected, "the token is an ES256 token with the type at+jwt")
    check(await logs_in(server, alice.id, token), "a user logs in with an access token; jwt_key is a set of one key")
    (server.folder / "diglot.jwk").write_bytes(single)
    check(server.ctl("reload_config"), "ejabberd takes the key that update-key has written")
    check(await logs_in(server, alice.id, token), "a user logs in with an access token; jwt_key is one key")
    check(not await logs_in(server, bob.id, token), "another user's token is refused")
    check(not await logs_in(server, alice.id, alice.token), "a session's token is refused")
    check(not await logs_in(server, alice.id, ""), "an empty password is refused")
    forged = tampered(token, jid=f"{bob.id}@{HOST}")
    check(not await logs_in(server, bob.id, forged), "a tampered token is refused")
    longer = tampered(token, exp=jwt_part(token, 1)["exp"] + 3600)
    check(not await logs_in(server, alice.id, longer), "a token with a later expiry is refused")

    stranger = other.user("stranger")
    check(not await logs_in(server, stranger.id, stranger.access_token()), "a token of another app is refused")
    # A limit of ejabberd, which docs/integrations.md tells of: it does not look at the audience.
    other.update("--access-token-claim", f"jid={{user_id}}@{HOST}")
    check(await logs_in(server, stranger.id, stranger.access_token()), "unless that app has the same claim")

    alice.kick()
    check(alice.access_token() is None, "a kicked user gets no new access token")
    check(await logs_in(server, alice.id, token), "an access token issued before lives up to its lifetime")

    chat.update("--access-token-lifetime", "30s")
    short = bob.access_token()
    client = await connect(server, bob.id, short)
    check(client is not None, "a token of 30 seconds is accepted")
    ended = asyncio.get_running_loop().create_future()
    client.add_event_handler("disconnected", lambda _: ended.done() or ended.set_result(None))
    while time.time() < jwt_part(short, 1)["exp"] + 1:
        await asyncio.sleep(1)
    check(not await logs_in(server, bob.id, short), "an expired token is refused")
    check(not ended.done(), "a stream stays open when the token expires")
    check(server.ctl("kick_user", str(bob.id), HOST), "ejabberdctl kick_user succeeds")
    await asyncio.wait_for(ended, 30)
    check(ended.done(), "and ends the stream")

    chat.update("--access-token-lifetime", "5m")
    old = bob.access_token()
    second_key = diglot("signing-key", "rotate", "--after", "1s").strip()
    await asyncio.sleep(2)
    token = bob.access_token()
    check(jwt_part(token, 0)["kid"] == second_key, "after a rotation, the new key signs")
    check(not await logs_in(server, bob.id, token), "ejabberd does not know the new key yet")
    check(server.update_key() == 1, "update-key does not choose between two published keys")
    listed = json.loads(diglot("signing-key", "list", "--json"))["items"]
    signing = [key["id"] for key in listed if key["state"] == "signing"]
    check(signing == [second_key], "signing-key list names the key that signs")
    check(
        server.update_key(*signing) == 0 and server.ctl("reload_config"),
        "update-key writes it, and ejabberd reloads its configuration",
    )
    check(await logs_in(server, bob.id, bob.access_token()), "a user logs in with a token of the new key")
    check(not await logs_in(server, bob.id, old), "a token of the old key is refused from then on")


server = Server()
try:
    asyncio.run(test(server))
finally:
    server.stop()
