"""A Hugging Face Hub and a plain HTTP server on this machine, with faults on demand."""

import base64
import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

LARGE = 1000  # bytes from which a file is served from the other host, as LFS files are


class Server(ThreadingHTTPServer):
    """Speaks the part of the Hub's protocol that reading and pushing need.

    Attributes:
        repos: `owner/repo` -> {"commits": {commit: {path: bytes}}, "refs": {name: commit}}.
        files: path -> bytes, for plain HTTP.
        faults: what to do with the next requests for a file's bytes, one each.
        head_faults: the same for requests about a file.
        token: what must come with every request for the Hub, or None.
        seen: (method, path, headers) of every request.
        storage: the server of large files; its `files` are keyed by sha256.
        after: called after each answer about a file of a repository.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repos, self.files, self.seen = {}, {}, []
        self.faults, self.head_faults, self.token, self.storage = [], [], None, self
        self.after = lambda: None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def requests(self, method, part=""):
        """The headers of the requests of a method for paths with `part` in them."""
        return [headers for verb, path, headers in self.seen if verb == method and part in path]

    def commit(self, repo, files, ref="main"):
        """Adds files to a repository and returns the commit."""
        known = self.repos.setdefault(repo, {"commits": {}, "refs": {}})
        tree = {**known["commits"].get(known["refs"].get(ref), {}), **files}
        text = repr((repo, ref, sorted(tree.items())))
        commit = hashlib.sha1(text.encode()).hexdigest()
        known["commits"][commit], known["refs"][ref] = tree, commit
        return commit

    def handle_error(self, request, client_address):
        """Clients go away in these tests; that is not worth a traceback."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self._read()

    def do_GET(self):
        self._read()

    def _read(self):
        server, path = self.server, unquote(urlsplit(self.path).path)
        server.seen.append((self.command, path, dict(self.headers.items())))
        faults = server.head_faults if self.command == "HEAD" else server.faults
        fault = faults.pop(0) if faults else None
        if fault and fault[0] == "status":
            return self._answer(fault[1], b"", fault[2] if len(fault) > 2 else {})
        if "/resolve/" in path:
            self._resolve(path, fault)
            return server.after()
        if path.startswith("/api/models/"):
            return self._about(path)
        data = server.files.get(path.lstrip("/"))
        if fault and fault[0] == "redirect":
            return self._answer(302, b"", {"Location": fault[1]})
        if data is None:
            return self._answer(404, b"")
        return self._send(data, {}, fault)

    def _resolve(self, path, fault):
        owner, repo, _, revision, *rest = path.lstrip("/").split("/")
        known = self.server.repos.get(f"{owner}/{repo}")
        if not self._allowed() or known is None:
            code = {"X-Error-Code": "RepoNotFound"} if self._allowed() else {}
            return self._answer(401, b"", code)
        commit = known["refs"].get(revision, revision)
        if commit not in known["commits"]:
            return self._answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
        about = {"X-Repo-Commit": commit}
        data = known["commits"][commit].get("/".join(rest))
        if data is None:
            return self._answer(404, b"", {"X-Error-Code": "EntryNotFound", **about})
        if len(data) < LARGE:
            etag = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            return self._send(data, {**about, "ETag": f'"{etag}"'}, fault)
        sha256, storage = hashlib.sha256(data).hexdigest(), self.server.storage
        storage.files.setdefault(sha256, data)
        about |= {"X-Linked-Etag": f'"{sha256}"', "X-Linked-Size": str(len(data))}
        # Another name for this machine: another host to the client.
        address = f"http://localhost:{storage.server_port}/{sha256}"
        return self._answer(302, b"", {**about, "Location": address})

    def _about(self, path):
        _, _, owner, repo, *_ = path.lstrip("/").split("/")
        known = self.server.repos.get(f"{owner}/{repo}")
        if known is None or not self._allowed():
            return self._answer(401, b"")
        answer = {"id": f"{owner}/{repo}", "sha": known["refs"]["main"]}
        return self._json(200, answer)

    def do_POST(self):
        server, path = self.server, unquote(urlsplit(self.path).path)
        server.seen.append(("POST", path, dict(self.headers.items())))
        body = self._body()
        if server.faults and server.faults[0][0] == "status":
            return self._answer(server.faults.pop(0)[1], b"")
        if not self._allowed():
            return self._answer(401, b"")
        if path == "/api/validate-yaml":
            return self._json(200, {"errors": [], "warnings": []})
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked.get('organization') or 'me'}/{asked['name']}"
            made = name not in server.repos
            server.commit(name, {})
            return self._json(200 if made else 409, {"url": f"{server.url}/{name}"})
        if "/preupload/" in path:
            files = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["size"] >= LARGE else "regular",
                    "shouldIgnore": False,
                }
                for file in json.loads(body)["files"]
            ]
            return self._json(200, {"files": files})
        if path.endswith("/info/lfs/objects/batch"):
            objects = [self._lfs(item) for item in json.loads(body)["objects"]]
            return self._json(200, {"transfer": "basic", "objects": objects})
        if "/commit/" in path:
            return self._commit(path, body)
        if path == "/verify":
            asked = json.loads(body)
            held = len(server.storage.files.get(asked["oid"], b""))
            return self._answer(200 if held == asked["size"] else 400, b"")
        return self._answer(404, b"")

    def _lfs(self, item):
        server = self.server
        href = f"http://localhost:{server.storage.server_port}/{item['oid']}"
        actions = {"upload": {"href": href}, "verify": {"href": f"{server.url}/verify"}}
        return {**item, "actions": actions}

    def do_PUT(self):
        path = unquote(urlsplit(self.path).path)
        self.server.seen.append(("PUT", path, dict(self.headers.items())))
        body = self._body()
        if hashlib.sha256(body).hexdigest() != path.lstrip("/"):
            return self._answer(400, b"")
        self.server.files[path.lstrip("/")] = body
        return self._answer(200, b"")

    def _body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _commit(self, path, body):
        owner, repo, ref = path.split("/")[3], path.split("/")[4], path.split("/")[6]
        files = {}
        for line in body.splitlines():
            step = json.loads(line)
            value = step["value"]
            if step["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif step["key"] == "lfsFile":
                files[value["path"]] = self.server.storage.files[value["oid"]]
        commit = self.server.commit(f"{owner}/{repo}", files, ref)
        url = f"{self.server.url}/{owner}/{repo}/commit/{commit}"
        self._json(200, {"commitUrl": url, "commitOid": commit})

    def _allowed(self):
        token = self.server.token
        return token is None or self.headers.get("Authorization") == f"Bearer {token}"

    def _json(self, status, value):
        data = json.dumps(value).encode()
        self._answer(status, data, {"Content-Type": "application/json"})

    def _answer(self, status, data, headers=()):
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _send(self, data, headers, fault):
        """The bytes of a file, or of a part of it, with one fault."""
        kind, *what = fault or ("none",)
        if kind == "wrong bytes":
            data = bytes(len(data))
        first = 0
        asked = self.headers.get("Range")
        if asked and kind != "no ranges":
            first = int(asked.removeprefix("bytes=").partition("-")[0])
            if first >= len(data):
                return self._answer(416, b"")
        self.send_response(206 if first else 200)
        for name, value in headers.items():
            self.send_header(name, value)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        extra = what[0] if kind in ("wrong length", "longer") else 0
        if kind == "longer":  # not announced: the end of the connection ends the file
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(data) - first + extra))
        self.end_headers()
        if self.command == "HEAD":
            return None
        body = data[first:] + bytes(max(extra, 0))
        if kind == "cut":
            self.wfile.write(body[: what[0]])
            self.close_connection = True
        elif kind == "drip":
            pause = threading.Event()
            for start in range(0, len(body), what[0]):
                self.wfile.write(body[start : start + what[0]])
                self.wfile.flush()
                pause.wait(what[1])
        elif kind == "stall":
            self.wfile.write(body[: what[0]])
            self.wfile.flush()
            threading.Event().wait(what[1])
            self.close_connection = True
        else:
            self.wfile.write(body)
        return None


@contextmanager
def running():
    """A server and, under another host name, the storage of its large files."""
    server, storage = Server(), Server()
    server.storage = storage
    threads = [
        threading.Thread(target=each.serve_forever, args=(0.01,), daemon=True)
        for each in (server, storage)
    ]
    for thread in threads:
        thread.start()
    try:
        yield server
    finally:
        for each in (server, storage):
            each.shutdown()
            each.server_close()
        for thread in threads:
            thread.join()
