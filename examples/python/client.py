"""A native client: from a captcha to a new name, in protobuf.

    pip install grpcio-tools
    python -m grpc_tools.protoc -I proto --python_out=examples/python proto/*.proto
    python examples/python/client.py http://127.0.0.1:8080 +8613812345678
"""

import base64
import sys
import urllib.request

import account_pb2
import common_pb2
import session_pb2

server, mobile = sys.argv[1:]


def call(method, path, answer, request=None, token=None):
    """Sends a message and reads another. A refusal has a code other than 1."""
    headers = {"Content-Type": "application/x-protobuf", "Accept": "application/x-protobuf", "Accept-Language": "en"}
    if token:
        headers["token"] = token
    body = request.SerializeToString() if request else None
    http = urllib.request.Request(server + path, data=body, headers=headers, method=method)
    with urllib.request.urlopen(http, timeout=30) as response:
        answer.ParseFromString(response.read())
    if answer.status.code != 1:
        sys.exit(f"{path}: {answer.status.code} {answer.status.msg}")
    return answer


captcha = call("POST", "/v1/user/captcha", session_pb2.CaptchaResponse())
with open("captcha.png", "wb") as image:
    image.write(base64.b64decode(captcha.b64s.split(",")[1]))
shown = input(f"What does captcha.png show (captcha {captcha.id})? ")

request = session_pb2.GetVerificationCodeRequest(mobile=mobile, code=shown, id=captcha.id)
call("POST", "/v1/verification/get-verification-code", common_pb2.StatusResponse(), request)
code = input(f"The code sent to {mobile}? ")

request = session_pb2.VerificationLoginRequest(mobile=mobile, captcha=code, device_id="example", platform="linux")
token = call("POST", "/v1/user/verification-login", session_pb2.LoginResponse(), request).token

request = account_pb2.EditNicknameRequest(name="张伟😀")
call("POST", "/v1/user/edit-nickname", common_pb2.StatusResponse(), request, token)
user = call("GET", "/v1/user/info", account_pb2.InfoResponse(), token=token).data
print(f"user {user.id} is {user.name}, {user.phone}")
