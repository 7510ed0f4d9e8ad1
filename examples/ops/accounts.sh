#!/usr/bin/env bash
# An ops script: registers accounts in a batch, ends the sessions of one, disables it, and exports the accounts.
#
#   examples/ops/accounts.sh http://127.0.0.1:8080 default adm-…
#
# `prefer: handling=strict` gives refusals an HTTP status, so that `curl --fail` ends the script.
set -euo pipefail
server=$1 app=$2 token=$3

call() {
  local method=$1 path=$2 answer
  shift 2
  answer=$(curl --silent --show-error --fail-with-body --request "$method" "$server$path" --header "app_id: $app" \
    --header "access-token: $token" --header 'content-type: application/json' --header 'prefer: handling=strict' "$@") ||
    { echo "$path: $answer" >&2; return 1; }
  echo "$answer"
}

# Runs a line of Python on the answer's `data`.
show() {
  python3 -c "
import json, sys
data = json.load(sys.stdin)['data']
$1"
}

# Passwords come from a generator, not from here.
password=$(head -c 12 /dev/urandom | base64)
list="[{\"username\": \"ann\", \"password\": \"$password\"}, {\"username\": \"ben\", \"password\": \"$password\"}]"
registered=$(call POST /user/register/batch --data "{\"list\": $list}")
show 'for item in data: print(item["username"], item.get("user_id", item.get("reason")))' <<<"$registered"
ben=$(show 'print(data[1]["user_id"])' <<<"$registered")

call PUT /user/kick --header "user_id: $ben" >/dev/null
call PUT /user/disable --data "{\"list\": [$ben]}" >/dev/null

# All accounts, page by page: number, name, and 1 for a disabled one.
page=0
rows=200
while [ "$rows" = 200 ]; do
  page=$((page + 1))
  accounts=$(call GET "/user/list?page_num=$page&page_size=200")
  show 'for user in data: print(user["user_id"], user["username"], user["status"], sep="\t")' <<<"$accounts"
  rows=$(show 'print(len(data))' <<<"$accounts")
done
