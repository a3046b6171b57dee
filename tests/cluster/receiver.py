"""The merchants' webhook receiver: takes everything, and remembers it."""

import http.server
import json
import threading

from merchants import signature
from processes import HOST


class Receiver:
    def __init__(self):
        self.lock = threading.Lock()
        self.bodies = {}    # event id → body
        self.times = {}     # event id → how often it came
        self.versions = {}  # (h_id, status_version) → event ids
        self.faults = []
        handler = type("Handler", (Handler,), {"receiver": self})
        self.server = Server((HOST, 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, application):
        return f"http://{HOST}:{self.server.server_port}/{application}"

    def take(self, application, headers, body):
        if headers.get("X-Data-Hash") != signature(body, application):
            with self.lock:
                self.faults.append(f"a webhook that application {application} did not sign")
            return
        event = json.loads(body)
        payment = event["data"]["result"]["payment"]
        change = (payment["identifiers"]["h_id"], payment["status_version"])
        with self.lock:
            if self.bodies.setdefault(event["id"], body) != body:
                self.faults.append(f"{event['id']} came with two bodies")
            self.times[event["id"]] = self.times.get(event["id"], 0) + 1
            self.versions.setdefault(change, set()).add(event["id"])

    def ids(self):
        with self.lock:
            return set(self.bodies)

    def repeated(self):
        with self.lock:
            return sum(times - 1 for times in self.times.values())

    def close(self):
        self.server.shutdown()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        """A gateway that was killed in the middle of a request is what we are here for."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    receiver = None

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.receiver.take(int(self.path.strip("/")), self.headers, body)
        self.send_response(204)
        self.end_headers()
        self.wfile.flush()

    def log_message(self, *_):
        pass
