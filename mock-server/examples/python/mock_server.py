"""Finds or starts a mock-server, and makes sandboxes. Needs nothing but Python: copy it into your tests."""

import json
import os
import subprocess
import urllib.error
import urllib.request
from urllib.parse import urlencode


class MockServer:
    """The server of MOCK_URL, which `mock-server run` sets; without it, one of its own on a free port."""

    def __init__(self):
        self._process = None
        self.url = os.environ.get("MOCK_URL")
        self._admin = os.environ.get("MOCK_ADMIN_URL")
        if not self.url:
            program = os.environ.get("MOCK_SERVER", "mock-server")
            flags = ["--listen", "127.0.0.1:0", "--exit-with-stdin", "--quiet"]
            pipe = subprocess.PIPE
            # Fails if there is no such program: put it on PATH, or name it in MOCK_SERVER.
            self._process = subprocess.Popen([program, *flags], stdin=pipe, stdout=pipe)
            # Its first line says where it serves.
            self.url = json.loads(self._process.stdout.readline())["http"]
            self._admin = None
        self._admin = self._admin or f"{self.url}/__admin"

    def close(self):
        """Stops it, if it is ours: it ends with its standard input, also if this process crashes."""
        if self._process:
            self._process.communicate()

    def sandbox(self, **settings):
        """A new sandbox: id, seed, clock, deviations, all of it optional."""
        return Sandbox(self, self.admin("POST", "/sandboxes", settings))

    def admin(self, method, path, body=None):
        """A call of the admin API. What it refuses is raised with its detail and hint."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._admin + path, data, method=method)
        if token := os.environ.get("MOCK_ADMIN_TOKEN"):
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request) as answer:
                text = answer.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()}") from None


class Sandbox:
    """An account with each vendor, their state, a clock and a journal, shared with nobody."""

    def __init__(self, server, made):
        self._server = server
        self.id = made["id"]
        # Base URLs and credentials, by vendor.
        self.vendors = made["vendors"]

    def fault(self, match, do, **rest):
        """Scripts calls that match to go wrong: times, skip, when="before" or "after", probability, id."""
        return self._admin("POST", "/faults", {"match": match, "do": do, **rest})

    def conversions(self, **filters):
        """What all vendors accepted, oldest first. With wait_ms it waits until there are at_least so many."""
        return self._admin("GET", f"/conversions?{urlencode(filters)}")["conversions"]

    def requests(self, **filters):
        """The calls that were made, oldest first, each with its answer, the rules that refused it, and the fault."""
        return self._admin("GET", f"/requests?{urlencode(filters)}")["requests"][::-1]

    def verify(self, match, wait_ms=0, **count):
        """Whether so many calls match: exactly=, at_least=, at_most=. If not, `nearest` says what comes near."""
        wanted = {"match": match, "count": count, "wait_ms": wait_ms}
        return self._admin("POST", "/verify", wanted)

    def stop_clock(self, now):
        """Stops the sandbox's clock at an instant: 2026-06-10T12:00:00Z."""
        self._admin("PUT", "/clock", {"mode": "fixed", "now": now})

    def advance(self, hours):
        """Moves the clock on."""
        self._admin("POST", "/clock/advance", {"ms": round(hours * 3_600_000)})

    def change(self, state):
        """Changes the present state, by JSON merge patch. `mock-server seed print` explains every member."""
        self._admin("PATCH", "/state", state)

    def delete(self):
        """Drops it."""
        self._admin("DELETE", "")

    def _admin(self, method, path, body=None):
        return self._server.admin(method, f"/sandboxes/{self.id}{path}", body)
