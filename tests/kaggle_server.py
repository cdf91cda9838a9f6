"""A small Kaggle over HTTP: the endpoints that the kaggle package calls, and their failures.

State is in plain attributes. ``fail`` holds, by endpoint, what comes instead of the next
answers: a status, ``"hang"`` (none in time), ``"drop"`` (the connection ends without one),
``"portal"`` (a page of someone else's), or ``"lost"``, which does what was asked, then drops
the connection.
"""

import contextlib
import http.server
import json
import re
import threading

TOKEN = "KGAT_5ecret5ecret5ecret"
USER = "someone"


class Kaggle:
    def __init__(self):
        self.fail = {}
        self.calls = []
        self.blobs, self.names = {}, {}  # token -> bytes, name
        self.datasets = {}  # name -> list of versions, each {file name: bytes}
        self.pending = 0  # questions until a data set is ready
        self.prepared = "READY"  # what becomes of it
        self.kernels = []  # what SaveKernel was given
        self.status, self.failure = "COMPLETE", ""
        self.invalid = {}  # of SaveKernel's answer
        self.outputs, self.log = {}, ""
        self.submissions, self.scores = [], ["0.69000"]
        self.tokens = []
        self.lock = threading.Lock()

    def planned(self, endpoint):
        with self.lock:
            wanted = self.fail.get(endpoint)
            if isinstance(wanted, list):
                wanted = wanted.pop(0) if wanted else None
            return wanted

    def count(self, endpoint):
        return self.calls.count(endpoint)

    # The endpoints, by their names: request -> answer or (status, message)

    def IntrospectToken(self, request):  # noqa: N802
        active = request["token"] == TOKEN
        return {"active": active, "username": USER if active else ""}

    def DownloadDataFiles(self, request):  # noqa: N802
        return 403, "You must accept this competition's rules"

    def GetDatasetStatus(self, request):  # noqa: N802
        if request["datasetSlug"] not in self.datasets:
            return 403, "Permission 'datasets.get' was denied"
        self.pending -= 1
        return {"status": self.prepared if self.pending < 0 else "BLOBS_RECEIVED"}

    def GetDataset(self, request):  # noqa: N802
        return {"currentVersionNumber": len(self.datasets[request["datasetSlug"]])}

    def StartBlobUpload(self, request):  # noqa: N802
        return self._upload(request["name"])

    def StartSubmissionUpload(self, request):  # noqa: N802
        return self._upload(request["fileName"])

    def _upload(self, name):
        token = f"blob-{len(self.names)}"
        self.names[token] = name
        return {"token": token, "createUrl": f"{self.url}/upload/{token}"}

    def CreateDataset(self, request):  # noqa: N802
        self.datasets[request["slug"]] = [self._files(request["files"])]
        return {"ref": "x", "url": "x", "status": "ok"}

    def CreateDatasetVersion(self, request):  # noqa: N802
        self.datasets[request["datasetSlug"]].append(self._files(request["body"]["files"]))
        return {"ref": "x", "url": "x", "status": "ok"}

    def _files(self, files):
        return {self.names[f["token"]]: self.blobs[f["token"]] for f in files}

    def SaveKernel(self, request):  # noqa: N802
        self.kernels.append(request)
        self.status = "QUEUED"
        answer = {"ref": "x", "url": f"https://www.kaggle.com/code/{request['slug']}"}
        return answer | {"versionNumber": len(self.kernels), "error": ""} | self.invalid

    def GetKernelSessionStatus(self, request):  # noqa: N802
        if not self.kernels:
            return 403, "Permission 'kernels.get' was denied"
        return {"status": self.status, "failureMessage": self.failure}

    def ListKernelSessionOutput(self, request):  # noqa: N802
        names = sorted(self.outputs)
        start = int(request.get("pageToken") or 0)
        end = start + 2  # small pages: there are several
        files = [{"fileName": n, "url": f"{self.url}/output/{n}"} for n in names[start:end]]
        more = str(end) if end < len(names) else ""
        return {"files": files, "log": self.log, "nextPageToken": more}

    def CreateSubmission(self, request):  # noqa: N802
        token = request["blobFileTokens"]
        sent = {"ref": len(self.submissions) + 1, "fileName": self.names[token]}
        sent |= {"description": request.get("submissionDescription", "")}
        sent |= {"date": "2026-11-29T10:00:00.000Z", "blob": self.blobs[token]}
        self.submissions.insert(0, sent)
        return {"message": "Successfully submitted", "ref": sent["ref"]}

    def ListSubmissions(self, request):  # noqa: N802
        if request.get("page", 1) > 1:
            return {"submissions": []}
        shown = [{k: v for k, v in sent.items() if k != "blob"} for sent in self.submissions]
        score = self.scores[0] if len(self.scores) == 1 else self.scores.pop(0)
        for sent in shown:
            if score == "rejected":
                sent |= {"status": "ERROR", "errorDescription": "wrong number of rows"}
            elif score:
                sent |= {"status": "COMPLETE", "publicScore": score, "privateScore": "0.7"}
            else:
                sent["status"] = "PENDING"
        return {"submissions": shown}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_POST(self):  # noqa: N802
        kaggle, endpoint = self.server.kaggle, self.path.rsplit("/", 1)[-1]
        request = json.loads(self._body() or b"{}")
        kaggle.calls.append(endpoint)
        kaggle.tokens.append(self.headers.get("Authorization", ""))
        wanted = kaggle.planned(endpoint)
        if self._failed(wanted):
            return
        if endpoint != "IntrospectToken" and kaggle.tokens[-1] != f"Bearer {TOKEN}":
            self._send(401, {"code": 401, "message": "Unauthenticated"})
            return
        answer = getattr(kaggle, endpoint)(request)
        if wanted == "lost":
            self._drop()
        elif isinstance(answer, tuple):
            self._send(answer[0], {"code": answer[0], "message": answer[1]})
        else:
            self._send(200, answer)

    def do_PUT(self):  # noqa: N802
        kaggle, token = self.server.kaggle, self.path.rsplit("/", 1)[-1]
        wanted = kaggle.planned("upload")
        if wanted == "drop":  # in the middle of the file
            self.rfile.read(min(1, int(self.headers["Content-Length"])))
            self._drop()
            return
        content = self._body()
        if self._failed(wanted):
            return
        asked = re.match(r"bytes \*/", self.headers.get("Content-Range", ""))
        if asked and token not in kaggle.blobs:
            self._send(308, {})
            return
        if not asked:
            kaggle.blobs[token] = content
        self._send(200, {})

    def do_GET(self):  # noqa: N802
        kaggle, name = self.server.kaggle, self.path.removeprefix("/output/")
        kaggle.calls.append("output")
        wanted = kaggle.planned("output")
        content = kaggle.outputs[name]
        if wanted == "short":  # ends before it is whole
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self._drop()
        elif not self._failed(wanted):
            self._send(200, content)

    def _failed(self, wanted):
        if wanted in (None, "lost", "short"):
            return False
        if wanted == "drop":
            self._drop()
        elif wanted == "portal":
            self._send(200, b"<html>Welcome to our network</html>")
        elif wanted == "hang":
            threading.Event().wait(2)  # tests shorten time.sleep
            self._drop()
        else:
            self._send(wanted, {"code": wanted, "message": f"no: {TOKEN}"})
        return True

    def _drop(self):
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(2)

    def _body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _send(self, status, content):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        kind = "application/octet-stream" if isinstance(content, bytes) else "application/json"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)


@contextlib.contextmanager
def serving():
    """Yield a Kaggle that answers at its ``url``."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.kaggle = Kaggle()
    server.kaggle.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.kaggle
    finally:
        server.shutdown()
        server.server_close()
