"""Libraries: PyJWT, joserfc and jose (Node.js) verify access tokens from the published keys; Authlib introspects."""

import json
import urllib.request

import jwt
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwk as jose_jwk
from joserfc import jwt as jose_jwt
from joserfc.errors import JoseError

from support import GATEWAY, HAS_NODE, App, check, diglot, node, tampered, wait_until_expired

KEYS = GATEWAY + "/.well-known/jwks.json"
AUDIENCE = "https://files.example"


def pyjwt(token):
    """The claims, as PyJWT verifies them."""
    key = jwt.PyJWKClient(KEYS).get_signing_key_from_jwt(token)
    required = {"require": ["exp", "iat", "iss", "aud", "sub"]}
    return jwt.decode(token, key.key, algorithms=["ES256"], audience=AUDIENCE, issuer=GATEWAY, options=required)


def joserfc(token):
    """The claims, as joserfc verifies them."""
    with urllib.request.urlopen(KEYS, timeout=30) as response:
        keys = jose_jwk.KeySet.import_key_set(json.load(response))
    decoded = jose_jwt.decode(token, keys, algorithms=["ES256"])
    wanted = {name: {"essential": True, "value": value} for name, value in [("iss", GATEWAY), ("aud", AUDIENCE)]}
    jose_jwt.JWTClaimsRegistry(exp={"essential": True}, **wanted).validate(decoded.claims)
    return decoded.claims


def jose_of_node(token):
    """The claims, as jose verifies them."""
    claims = node(token=token, keys=KEYS, issuer=GATEWAY, audience=AUDIENCE)
    if claims is None:
        raise ValueError("jose refuses the token")
    return claims


def refused(verify, error, token):
    """Whether a library refuses a token."""
    try:
        verify(token)
    except error:
        return True
    return False


diglot("signing-key", "rotate")
files, other = App("files"), App("other")
files.update("--access-token-audience", AUDIENCE, "--access-token-audience", "chat", "--access-token-lifetime", "30s")
alice, stranger = files.user("alice"), other.user("stranger")
token = alice.access_token()
cases = [
    ("a token of another app", stranger.access_token()),
    ("a token for another audience", alice.access_token(audience="chat")),
    ("a tampered token", tampered(token, sub=str(stranger.id))),
    ("a session's token", alice.token),
]
libraries = [("PyJWT", pyjwt, jwt.PyJWTError), ("joserfc", joserfc, (JoseError, ValueError))]
if HAS_NODE:
    libraries.append(("jose", jose_of_node, ValueError))
for name, verify, error in libraries:
    claims = verify(token)
    check(claims["sub"] == str(alice.id) and claims["app"] == "files", f"{name} verifies an access token")
    for text, wrong in cases:
        check(refused(verify, error, wrong), f"{name} refuses {text}")

diglot("signing-key", "rotate", "--after", "10m")
for name, verify, _ in libraries:
    check(verify(alice.access_token()), f"{name} finds the key by its id when several are published")
wait_until_expired(token)
for name, verify, error in libraries:
    check(refused(verify, error, token), f"{name} refuses an expired token")

with urllib.request.urlopen(GATEWAY + "/.well-known/oauth-authorization-server", timeout=30) as response:
    metadata = json.load(response)
session = OAuth2Session("files", files.admin_token, token_endpoint_auth_method="client_secret_basic")


def introspect(token):
    """What Authlib is told of a token."""
    response = session.introspect_token(metadata["introspection_endpoint"], token=token)
    response.raise_for_status()
    return response.json()


for kind, valid in [("a session's token", alice.token), ("an access token", alice.access_token())]:
    found = introspect(valid)
    right = found["active"] and found["sub"] == str(alice.id) and found["client_id"] == "files"
    check(right and found["username"] == "alice", f"Authlib introspects {kind}")
for text, wrong in [("an expired token", token), ("a token of another app", stranger.token), ("another text", "x")]:
    check(introspect(wrong) == {"active": False}, f"Authlib is told that {text} is not active")
fresh = alice.access_token()
alice.kick()
for text, ended in [("session", alice.token), ("access token", fresh)]:
    check(introspect(ended) == {"active": False}, f"a kicked user's {text} is not active")
impostor = OAuth2Session("files", other.admin_token, token_endpoint_auth_method="client_secret_basic")
answer = impostor.introspect_token(metadata["introspection_endpoint"], token=alice.token)
check(answer.status_code == 401, "another app's admin token is refused")
