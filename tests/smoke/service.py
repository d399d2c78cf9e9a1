"""Requests to the service, and the patience that its effects need."""

import http.client
import json
import threading
import time
import urllib.parse


class Failed(Exception):
    """A check found something else than it expected."""


class Answer:
    def __init__(self, status, headers, text):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.text = text

    @property
    def body(self):
        return json.loads(self.text)

    def __getitem__(self, field):
        return self.body[field]


class Service:
    def __init__(self, target):
        self.target = target
        self.admin = target.token("PlatformAdmin")
        self._connections = threading.local()

    def send(self, method, path, body=None, token=None, headers=None):
        """One request. `token` is an administrator's unless it is given; an empty one sends none."""
        token = self.admin if token is None else token
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        return self._exchange(self.target.api, method, path, body, headers)

    def expect(self, status, method, path, body=None, **options):
        answer = self.send(method, path, body, **options)
        if answer.status != status:
            raise Failed(f"{method} {path} answered {answer.status}, not {status}: {answer.text[:500]}")
        return answer

    def until(self, what, holds):
        """Waits until `holds` returns something true, and returns it."""
        end = time.monotonic() + self.target.patience
        while True:
            found = holds()
            if found:
                return found
            if time.monotonic() > end:
                raise Failed(f"{self.target.patience} s were not enough: {what}")
            time.sleep(1)

    def _exchange(self, base, method, path, body, headers):
        # A connection for each thread: thousands of requests must not open thousands of them.
        for last in (False, True):
            connection = getattr(self._connections, "open", None) or connect(base)
            self._connections.open = connection
            try:
                connection.request(method, path, body, headers)
                response = connection.getresponse()
                text = response.read().decode()
                return Answer(response.status, response.getheaders(), text)
            except (http.client.HTTPException, OSError):
                connection.close()
                self._connections.open = None
                # The server may have closed an idle connection.
                if last:
                    raise


def connect(base):
    url = urllib.parse.urlsplit(base)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    return kind(url.netloc, timeout=60)


def exchange(method, url, body=None, headers=None):
    """A request to any other URL, such as a presigned one."""
    parts = urllib.parse.urlsplit(url)
    connection = connect(url)
    try:
        connection.request(method, parts._replace(scheme="", netloc="").geturl(), body, headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read().decode("latin-1"))
    finally:
        connection.close()
