#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A registry that serves one OCI layout directory, and does wrong what it is told to.

usage: layout_server.py LAYOUT DIRECTORY [FAULT[=VALUE]]...

Listens on a free port of 127.0.0.1, writes the port to DIRECTORY/port once it listens, and one line to DIRECTORY/log
for each request: METHOD PATH AUTHORIZATION RANGE STATUS. Any repository name is served. Not here: pushing, and anything
a real docker-registry does right (the tests use that one for it).

  address=HOST     listen there            tls=CERT,KEY       speak TLS
  cut=N            each answer with a blob ends after N bytes, without notice
  cuts=N           but only the first N answers
  busy=N           the first N requests for blobs are answered 429 with Retry-After: 1
  wait=TEXT        all requests for blobs are answered 429 with that Retry-After
  fail=N,STATUS    the first N requests for blobs are answered STATUS
  redirect=URL     blobs are at URL/v2/...
  redirect-all=URL all that is asked for is at URL, for ever
  no-range         Range is ignored        wrong-range        206 begins one byte early
  flip             one byte of each layer is wrong
  short            layers are one byte shorter than the manifest says
  long             layers are sent without a length and do not end
  big-manifest     manifests are 5 MiB     html               a login page instead of manifests
  schema1          an old manifest         lie                Docker-Content-Digest of something else
  encoded          blobs carry Content-Encoding: gzip
  bearer=URL       a token is wanted; URL is the realm ("self": this server's /token)
  uses=N           a token is good for N requests
  token=TEXT       what /token answers, literally
  basic=USER:PASS  who /token and, without bearer, everything is for
"""
import base64
import json
import pathlib
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

layout = pathlib.Path(sys.argv[1])
place = pathlib.Path(sys.argv[2])
faults = dict(word.partition("=")[::2] for word in sys.argv[3:])
lock = threading.Lock()
counts = {"blobs": 0, "tokens": 0, "uses": 0}
log = open(place / "log", "a", buffering=1)


def blob_path(digest):
    return layout / "blobs" / digest.replace(":", "/")


def layer_digests():
    found = set()
    for path in (layout / "blobs/sha256").iterdir():
        if path.stat().st_size < 1 << 20 and path.read_bytes()[:1] == b"{":
            document = json.loads(path.read_bytes())
            found |= {layer["digest"] for layer in document.get("layers", [])}
    return found


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        log.write(f"{self.command} {self.path} {self.headers.get('Authorization', '-').replace(' ', '_')} "
                  f"{self.headers.get('Range', '-')} {status}\n")
        self.send_response(status)
        if "Content_Length" not in headers and not headers.pop("endless", False):
            headers["Content_Length"] = str(len(body))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, code="ERROR", **headers):
        self.answer(status, json.dumps({"errors": [{"code": code, "message": "said the server"}]}).encode(), **headers)

    def allowed(self):
        given = self.headers.get("Authorization", "")
        if "bearer" in faults:
            with lock:
                current = f"Bearer token-{counts['tokens']}"
                if given == current and counts["uses"] < int(faults.get("uses", 10**9)):
                    counts["uses"] += 1
                    return True
            realm = faults["bearer"].replace("self", f"http://127.0.0.1:{self.server.server_port}/token")
            self.error(401, "UNAUTHORIZED", WWW_Authenticate=f'Bearer realm="{realm}",service="here",scope="repository:x:pull"')
            return False
        if "basic" in faults and given != "Basic " + base64.b64encode(faults["basic"].encode()).decode():
            self.error(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="here"')
            return False
        return True

    def token(self):
        if "basic" in faults and self.headers.get("Authorization") != "Basic " + base64.b64encode(faults["basic"].encode()).decode():
            return self.error(401)
        with lock:
            counts["tokens"] += 1
            counts["uses"] = 0
            text = faults.get("token", json.dumps({"token": f"token-{counts['tokens']}"}))
        self.answer(200, text.encode())

    def manifest(self, reference):
        if "html" in faults:
            return self.answer(200, b"<html>log in</html>", Content_Type="text/html")
        if "big-manifest" in faults:
            return self.answer(200, b" " * (5 << 20), Content_Type="application/vnd.oci.image.manifest.v1+json")
        if "schema1" in faults:
            return self.answer(200, b'{"schemaVersion":1}', Content_Type="application/vnd.docker.distribution.manifest.v1+prettyjws")
        if not reference.startswith("sha256:"):
            index = json.loads((layout / "index.json").read_bytes())
            entry = [e for e in index["manifests"] if e.get("annotations", {}).get("org.opencontainers.image.ref.name") == reference]
            if not entry:
                return self.error(404, "MANIFEST_UNKNOWN")
            reference = entry[0]["digest"]
        path = blob_path(reference)
        if not path.exists():
            return self.error(404, "MANIFEST_UNKNOWN")
        body = path.read_bytes()
        kind = json.loads(body).get("mediaType", "application/vnd.oci.image.manifest.v1+json")
        self.answer(200, body, Content_Type=kind,
                    Docker_Content_Digest="sha256:" + "0" * 64 if "lie" in faults else reference)

    def blob(self, digest):
        with lock:
            counts["blobs"] += 1
            number = counts["blobs"]
        if number <= int(faults.get("busy", 0)):
            return self.error(429, "TOOMANYREQUESTS", Retry_After="1")
        if "wait" in faults:
            return self.error(429, "TOOMANYREQUESTS", Retry_After=faults["wait"])
        times, _, status = faults.get("fail", "0,0").partition(",")
        if number <= int(times):
            return self.error(int(status))
        if "redirect" in faults:
            return self.answer(307, Location=faults["redirect"] + self.path)
        path = blob_path(digest)
        if not path.exists():
            return self.error(404, "BLOB_UNKNOWN")
        body = path.read_bytes()
        if "flip" in faults and digest in layer_digests():
            body = body[:-9] + bytes([body[-9] ^ 1]) + body[-8:]
        if "short" in faults and digest in layer_digests():
            body = body[:-1]
        if "long" in faults and digest in layer_digests():
            self.answer(200, b"", endless=True, Connection="close")
            return self.pour(body)
        self.send_range(body)

    def pour(self, body):
        try:
            self.wfile.write(body)
            for _ in range(1024):
                self.wfile.write(b"\0" * 65536)
        except OSError:
            pass
        self.close_connection = True

    def send_range(self, body):
        headers = {"ETag": '"layer"'}
        if "encoded" in faults:
            headers["Content_Encoding"] = "gzip"
        asked = self.headers.get("Range", "")
        start, status = 0, 200
        if asked.startswith("bytes=") and "no-range" not in faults:
            start, status = int(asked[6:].split("-")[0]), 206
            if start >= len(body):
                return self.error(416)
            start -= 1 if "wrong-range" in faults else 0
            headers["Content_Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        rest = body[start:]
        cut = int(faults.get("cut", 0))
        if cut and len(rest) > cut and counts["blobs"] <= int(faults.get("cuts", 10**9)):
            self.answer(status, rest[:cut], Content_Length=str(len(rest)), **headers)
            self.close_connection = True
        else:
            self.answer(status, rest, **headers)

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/token":
            return self.token()
        if "redirect-all" in faults:
            return self.answer(307, Location=faults["redirect-all"] + self.path)
        if not self.allowed():
            return None
        if path == "/v2/":
            return self.answer(200, b"{}")
        _, _, *name, kind, reference = path.split("/")
        if kind == "manifests" and name:
            return self.manifest(reference)
        if kind == "blobs" and name:
            return self.blob(reference)
        return self.error(404)

    do_HEAD = do_GET

    def do_POST(self):
        form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.headers["Authorization"] = "form:" + form
        faults.pop("basic", None)
        self.token()


server = ThreadingHTTPServer((faults.get("address", "127.0.0.1"), 0), Handler)
if "tls" in faults:
    cert, key = faults["tls"].split(",")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
(place / "port.new").write_text(str(server.server_port))
(place / "port.new").rename(place / "port")
server.serve_forever()
