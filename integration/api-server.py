# SPDX-License-Identifier: Apache-2.0
"""The few answers of a Kubernetes API server that Multus asks for, on loopback.

    api-server.py DIRECTORY PORT

DIRECTORY/PATH.json answers a GET of PATH; what is not there does not exist. A status of a pod that
is put is kept as its annotation; events are accepted and dropped. DIRECTORY/requests has a line for
each request.
"""
import http.server
import json
import pathlib
import sys

directory = pathlib.Path(sys.argv[1])
STATUS = "k8s.v1.cni.cncf.io/network-status"


def annotation(protobuf):
    """The network status in a pod that came as protobuf: the string behind the key in the map."""
    at = protobuf.index(STATUS.encode()) + len(STATUS) + 1
    length = shift = 0
    while True:
        byte = protobuf[at]
        length |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return protobuf[at : at + length].decode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, code, body):
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def absent(self):
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
        self.answer(404, status | {"message": self.path + " not found"})

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def file(self, path):
        path = path.split("?")[0].removesuffix("/status")
        return directory / (path.lstrip("/") + ".json")

    def do_GET(self):
        file = self.file(self.path)
        if file.exists():
            self.answer(200, json.loads(file.read_text()))
        else:
            self.absent()

    def do_PUT(self):
        status = annotation(self.body())
        file = self.file(self.path)
        pod = json.loads(file.read_text())
        pod["metadata"]["annotations"][STATUS] = status
        file.write_text(json.dumps(pod))
        self.answer(200, pod)

    def do_POST(self):
        self.body()
        self.answer(201, {"kind": "Event", "apiVersion": "v1", "metadata": {"name": "event"}})

    do_PATCH = do_POST

    def log_request(self, code="-", size="-"):
        with open(directory / "requests", "a", encoding="ascii") as log:
            log.write(f"{self.command} {self.path} {int(code)}\n")


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
