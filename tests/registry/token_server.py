#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A token server for docker-registry: anybody with the password gets what is asked for, as a signed JSON web token.

usage: token_server.py DIRECTORY USER:PASSWORD SECONDS

DIRECTORY has token.crt and token.key (RSA); gets `port` once the server listens, and a line in `token.log` for each
request. SECONDS: how long a token is good for. Signed by openssl(1): Python itself has no RSA.
"""
import base64
import json
import pathlib
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

place = pathlib.Path(sys.argv[1])
wanted = "Basic " + base64.b64encode(sys.argv[2].encode()).decode()
seconds = int(sys.argv[3])
certificate = "".join((place / "token.crt").read_text().split("-----")[2].split())


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(payload):
    header = {"typ": "JWT", "alg": "RS256", "x5c": [certificate]}
    text = encoded(json.dumps(header).encode()) + "." + encoded(json.dumps(payload).encode())
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", place / "token.key"],
                               input=text.encode(), capture_output=True, check=True).stdout
    return text + "." + encoded(signature)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        query = parse_qs(urlparse(self.path).query)
        with open(place / "token.log", "a") as log:
            log.write(f"{self.path} {self.headers.get('Authorization', '-')}\n")
        access = []
        for scope in query.get("scope", []):
            kind, name, actions = scope.split(":")
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        good = self.headers.get("Authorization") == wanted
        now = int(time.time())
        body = json.dumps({"access_token": signed({
            "iss": "sabot-test", "sub": "user", "aud": query["service"][0], "exp": now + seconds, "nbf": now - 10,
            "iat": now, "jti": str(time.time_ns()), "access": access}), "expires_in": seconds}).encode() if good else b"{}"
        self.send_response(200 if good else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
(place / "port.new").write_text(str(server.server_port))
(place / "port.new").rename(place / "port")
server.serve_forever()
