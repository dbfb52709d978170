#!/bin/sh
# One signed request to the hub, with nothing but sh, openssl (3.0) and curl: HTTP Message Signatures (RFC 9421), Ed25519.
#
#     export HUB=https://HUB:8443 KEY=key.pem KEYID=P44010000021/k1
#     signed.sh GET '/v1/feeds/deliveries?wait=30'
#     signed.sh POST '/v1/events?wait=30' claim.json          # further arguments go to curl
#
# Prints the body of the answer; its status goes to standard error. Ends with 0 if it was below 400, with 22 if not.
set -eu

method=$1 url=$HUB$2
shift 2
body=''
[ $# -eq 0 ] || { body=$1; shift; }
base=$(mktemp)
trap 'rm -f "$base"' EXIT

# What is signed: one line for each thing that is covered, in the order in which the last line names them.
covered='"@method" "@target-uri"'
printf '"@method": %s\n"@target-uri": %s\n' "$method" "$url" >"$base"
if [ -n "$body" ]; then
    type=application/cloudevents+json
    digest="sha-256=:$(openssl dgst -sha256 -binary "$body" | openssl base64 -A):"
    covered="$covered \"content-type\" \"content-digest\""
    printf '"content-type": %s\n"content-digest": %s\n' "$type" "$digest" >>"$base"
    set -- -H "Content-Type: $type" -H "Content-Digest: $digest" --data-binary "@$body" "$@"
fi
parameters="($covered);created=$(date +%s);nonce=\"$(openssl rand -hex 16)\";keyid=\"$KEYID\";alg=\"ed25519\""
printf '"@signature-params": %s' "$parameters" >>"$base"
signature=$(openssl pkeyutl -sign -rawin -inkey "$KEY" -in "$base" | openssl base64 -A)

curl -sS --fail-with-body -X "$method" -H "Signature-Input: sig=$parameters" -H "Signature: sig=:$signature:" \
    -w '%{stderr}\nHTTP %{http_code}\n' "$@" "$url"
