"""A push worker: sends one message to an audience, and reports the tokens that are dead.

    ADMIN_TOKEN=adm-… python3 examples/push-worker/worker.py http://127.0.0.1:8080 default \
        http://127.0.0.1:9000/send '{"tags": {"any": ["news"]}}' 'The shop is open'

It needs Python 3 only. The notifier is what talks to APNs, FCM and the like. It gets a POST with JSON for each device, and
answers with 200, with 410 if the token is dead, or with 429 or 5xx if it should be asked again.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

server, app, notifier, audience, text = sys.argv[1:]
TRIES = 3


def post(url, body, headers):
    """Posts JSON. Returns the status and the body, and tries again if that may help."""
    data = json.dumps(body).encode()
    for attempt in range(1, TRIES + 1):
        request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers}, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as refusal:
            status, answer, wait = refusal.code, refusal.read(), refusal.headers.get("Retry-After", "")
        except OSError as error:  # no connection
            status, answer, wait = 0, str(error).encode(), ""
        if 0 < status < 500 and status != 429 or attempt == TRIES:
            return status, answer
        time.sleep(int(wait) if wait.isdigit() else 2**attempt)


def gateway(path, body):
    """Calls the admin API. With `Prefer: handling=strict`, a refusal has an HTTP status."""
    headers = {"app_id": app, "access-token": os.environ["ADMIN_TOKEN"], "Prefer": "handling=strict"}
    status, answer = post(server + path, body, headers)
    if status != 200:
        sys.exit(f"{path}: {status} {answer.decode(errors='replace')}")
    return json.loads(answer)


def pages():
    """The pages of targets. A page may be empty; the last one has no cursor."""
    page = {"cursor": ""}
    while "cursor" in page:
        body = {**json.loads(audience), "page_size": 500, "cursor": page["cursor"]}
        page = gateway("/admin/v1/push/targets", body)
        yield page["data"]


def message(target):
    """What the notifier gets: where to send the message, and how to show it."""
    quiet = target["quiet"]
    return {
        "notifier": target.get("notifier_name"),
        "to": target.get("device_token") or target.get("registration_id"),
        "registration_type": None if "device_token" in target else target.get("registration_type"),
        "platform": target["platform"],
        "title": target["nick_name"],
        "text": "New message" if quiet["hide_detail"] else text,
        "badge": target["badge"] + 1,
        "sound": not quiet["no_sounds"],
        "vibrate": quiet["vibratory"],
    }


sent = quiet = failed = dead = 0
for targets in pages():
    tokens, registrations = [], []
    for target in targets:
        if target["quiet"]["now"]:
            quiet += 1
            continue
        status, answer = post(notifier, message(target), {})
        if status == 200:
            sent += 1
        elif status == 410 and "device_token" in target:
            tokens.append(target["device_token"])
        elif status == 410:
            registrations.append(target["registration_id"])
        else:
            failed += 1
            print(f"user {target['user_id']}: {status} {answer.decode(errors='replace')}", file=sys.stderr)
    # The pages that follow are the same without what is removed here.
    if tokens or registrations:
        feedback = {"device_tokens": tokens, "registration_ids": registrations}
        dead += gateway("/admin/v1/push/feedback", feedback)["data"]["removed"]
print(f"{sent} sent, {quiet} quiet, {dead} dead, {failed} failed")
