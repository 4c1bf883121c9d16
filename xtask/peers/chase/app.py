"""Chase's documented endpoint on the framework that Chase runs on, for comparing answers.

python app.py SEED: SEED is a JSON file with `keys` (key to organisation) and `contacts` (organisation to addresses).
Listens on a free loopback port, prints it as one JSON line, and ends when its standard input does.
"""

import json
import os
import socket
import sys
import threading
from typing import Any

import uvicorn
from email_validator import validate_email
from fastapi import Depends, FastAPI, HTTPException, Response, Security
from fastapi.security import APIKeyHeader
from pydantic import BaseModel, EmailStr, Field

with open(sys.argv[1], encoding="utf-8") as file:
    seed = json.load(file)


def folded(address: str) -> str:
    """An address as the look-up compares it: without ASCII letter case."""
    return "".join(c.lower() if c.isascii() else c for c in address)


contacts = {
    organisation: {folded(validate_email(address, check_deliverability=False).normalized) for address in addresses}
    for organisation, addresses in seed["contacts"].items()
}


class SubmitConversionV2(BaseModel):
    email: EmailStr
    conversion_type: str | None = Field(default=None, max_length=63)
    conversion_data: dict[str, Any] = Field(default_factory=dict)


def organisation(key: str = Security(APIKeyHeader(name="X-API-Key"))) -> str:
    if key not in seed["keys"]:
        raise HTTPException(401)
    return seed["keys"][key]


app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


@app.post("/api/v2/conversions")
async def insert_conversion_v2(conversion: SubmitConversionV2, of: str = Depends(organisation)) -> Response:
    known = folded(conversion.email) in contacts[of]
    return Response(status_code=202 if known else 200)


def end_with_stdin() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    # asyncio sends small answers at once only where it is told that this is TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(json.dumps({"http": "http://127.0.0.1:%d" % listener.getsockname()[1]}), flush=True)
    threading.Thread(target=end_with_stdin, daemon=True).start()
    config = uvicorn.Config(app, http="h11", log_level="critical", access_log=False, timeout_keep_alive=60)
    uvicorn.Server(config).run(sockets=[listener])
