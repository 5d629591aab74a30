"""An API whose sessions are tokens, signed with a key that is made at start."""

import os
import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm

KEY = os.environ.get("JWT_KEY") or secrets.token_hex(32)

app = FastAPI()
bearer = OAuth2PasswordBearer(tokenUrl="token")


@app.get("/healthz")
async def healthz() -> str:
    return "ok"


@app.post("/token")
async def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]) -> dict[str, str]:
    if form.password != "pw":
        raise HTTPException(403)
    claims = {"sub": form.username, "exp": datetime.now(UTC) + timedelta(minutes=15)}
    return {"access_token": jwt.encode(claims, KEY, "HS256"), "token_type": "bearer"}


@app.get("/me")
async def me(sent: Annotated[str, Depends(bearer)]) -> dict[str, str]:
    try:
        return {"name": jwt.decode(sent, KEY, ["HS256"])["sub"]}
    except jwt.InvalidTokenError as error:
        raise HTTPException(401, str(error)) from None
