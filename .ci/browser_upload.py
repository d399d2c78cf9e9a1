"""A logo upload in a real browser against the local cloud. A page on its own origin requests the upload from the API, sends the image to the
bucket, confirms it, and shows it from the CDN. The browser enforces CORS: it refuses what the service or the bucket does not allow."""

import base64
import functools
import http.server
import json
import pathlib
import struct
import tempfile
import threading
import urllib.request
import zlib

import local_cloud
from playwright.sync_api import sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Runs in the page, which knows only the answers of the API.
UPLOAD = """
async ({ url, token, image }) => {
    const bytes = Uint8Array.from(atob(image), (c) => c.charCodeAt(0));
    const call = async (method, body) => {
        const headers = { authorization: `Bearer ${token}` };
        if (body) headers["content-type"] = "application/json";
        const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
        if (!answer.ok) throw new Error(`${method}: ${answer.status} ${await answer.text()}`);
        return answer.json();
    };
    const { receipt, upload } = await call("POST", { contentType: "image/png", bytes: bytes.length });
    const stored = await fetch(upload.url, { method: upload.method, headers: upload.headers, body: bytes });
    if (!stored.ok) throw new Error(`upload: ${stored.status} ${await stored.text()}`);
    await call("PUT", { receipt });
    const logo = await call("GET");
    const shown = new Image();
    shown.src = logo.url;
    document.body.append(shown);
    await shown.decode();
    // CORS blocks a header that the upload does not name. The bucket refuses another type, and lets the page read the refusal.
    const headers = { ...upload.headers, "x-amz-tagging": "a=b" };
    const other = await fetch(upload.url, { method: "PUT", headers, body: bytes }).catch(() => "blocked");
    const type = { ...upload.headers, "content-type": "image/webp" };
    const refused = await fetch(upload.url, { method: "PUT", headers: type, body: bytes });
    return { receipt, logo, headers: Object.keys(upload.headers), width: shown.naturalWidth, other, refused: refused.status };
}
"""


def png(width, height):
    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x20\x60\xc0" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


class Page(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def serve_page(folder):
    pathlib.Path(folder, "index.html").write_text("<!doctype html><title>Logo</title><body></body>")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Page, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/"


def new_customer(ready):
    body = {"type": "Business", "name": "Acme", "isTenantCustomer": True}
    headers = {"Authorization": f"Bearer {ready['adminToken']}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{ready['apiUrl']}/v1/customers", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["key"]


def main(ready):
    url = f"{ready['apiUrl']}/v1/customers/{new_customer(ready)}/logo"
    image = base64.b64encode(png(24, 16)).decode()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as profile, sync_playwright() as driver:
        browser = driver.chromium.launch_persistent_context(
            profile, executable_path="/usr/bin/chromium", headless=True, args=FLAGS
        )
        try:
            page = browser.new_page()
            page.on("console", lambda message: print("browser:", message.text))
            page.goto(serve_page(folder))
            arguments = {"url": url, "token": ready["adminToken"], "image": image}
            result = page.evaluate(UPLOAD, arguments)
        finally:
            browser.close()
    print(json.dumps(result))
    assert result["logo"]["receipt"] == result["receipt"], result
    assert result["width"] == 24, result
    assert set(result["headers"]) == {"content-type", "content-length"}, result
    assert result["other"] == "blocked", result
    assert result["refused"] == 403, result


with local_cloud.running() as (_, ready):
    main(ready)
print("browser: passed")
