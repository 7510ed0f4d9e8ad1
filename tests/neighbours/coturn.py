"""coturn with deploy/coturn/turnserver.conf, and examples/turn-credentials: users with a valid token get a relay."""

import asyncio
import base64
import hmac
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from aioice import stun, turn

from support import GATEWAY, ROOT, App, check, free_port, http, sample, wait_for_port

SECRET = "the secret of coturn and of what issues its credentials"
URL = "turn:turn.chat.example:3478"
processes, folder = [], pathlib.Path(tempfile.mkdtemp(prefix="diglot-coturn-"))


def start(command, port, **environment):
    """Starts a server and waits until it listens."""
    log = folder / f"log-{len(processes)}"
    with open(log, "w") as out:
        process = subprocess.Popen(command, env={**os.environ, **environment}, cwd=folder, stdout=out, stderr=out)
    processes.append(process)
    wait_for_port(port, process, log)


async def gets_relay(port, username, credential):
    """Whether the TURN server relays for a client with these credentials."""
    try:
        transport, _ = await turn.create_turn_endpoint(
            asyncio.DatagramProtocol, server_addr=("127.0.0.1", port), username=username, password=credential
        )
    except stun.TransactionFailed as refusal:
        code = refusal.response.attributes["ERROR-CODE"][0]
        return False if code == 401 else sys.exit(f"an unexpected refusal: {refusal}")
    relay = transport.get_extra_info("sockname")
    transport.close()
    await asyncio.sleep(0.2)
    return relay is not None


async def test():
    port, issuer = free_port(), free_port()
    substitutes = {
        "listening-ip=0.0.0.0": f"listening-ip=127.0.0.1\nrelay-ip=127.0.0.1\npidfile={folder}/pid\nuserdb={folder}/db",
        "listening-port=3478": f"listening-port={port}",
        "static-auth-secret=CHANGE-ME": f"static-auth-secret={SECRET}",
    }
    config = folder / "turnserver.conf"
    config.write_text(sample("coturn/turnserver.conf", substitutes))
    start(["turnserver", "-c", str(config), "--log-file=stdout"], port)

    app, other = App("calls"), App("other")
    alice, stranger = app.user("alice"), other.user("stranger")
    script = [
        sys.executable,
        str(ROOT / "examples/turn-credentials/server.py"),
        GATEWAY,
        "calls",
        f"127.0.0.1:{issuer}",
        URL,
    ]
    start(script, issuer, ADMIN_TOKEN=app.admin_token, TURN_SECRET=SECRET)

    def ask(token):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return http("POST", f"http://127.0.0.1:{issuer}/turn", b"", headers)

    status, body = ask(alice.token)
    server = json.loads(body)
    check(status == 200 and server["urls"] == [URL], "a user's token gets credentials")
    check(server["username"].endswith(f":{alice.id}"), "the credentials name the user")
    check(await gets_relay(port, server["username"], server["credential"]), "coturn relays for the user")
    check(not await gets_relay(port, server["username"], "wrong"), "coturn refuses a wrong password")
    later = f"{int(time.time()) + 9999}:{alice.id}"
    check(not await gets_relay(port, later, server["credential"]), "coturn refuses a later expiry")
    past = f"{int(time.time()) - 10}:{alice.id}"
    old = base64.b64encode(hmac.digest(SECRET.encode(), past.encode(), "sha1")).decode()
    check(not await gets_relay(port, past, old), "coturn refuses expired credentials")
    for text, token in [
        ("another app's token", stranger.token),
        ("no token", ""),
        ("an admin token", app.admin_token),
    ]:
        check(ask(token)[0] == 401, f"{text} gets no credentials")
    alice.kick()
    check(ask(alice.token)[0] == 401, "a kicked user gets no credentials")
    check(await gets_relay(port, server["username"], server["credential"]), "credentials issued before live on")


try:
    asyncio.run(test())
finally:
    for process in processes:
        process.terminate()
        process.wait(20)
    shutil.rmtree(folder, ignore_errors=True)
