"""A Flask shop that keeps its sessions on the server's side: in the process, or in files."""

import os

from cachelib import FileSystemCache, SimpleCache
from flask import Flask, abort, jsonify, request, session
from flask_session import Session

FOLDER = os.environ.get("SESSION_FOLDER")

app = Flask(__name__)
app.config["SESSION_TYPE"] = "cachelib"
app.config["SESSION_CACHELIB"] = FileSystemCache(FOLDER) if FOLDER else SimpleCache()
Session(app)


@app.get("/healthz")
def healthz():
    return "ok"


@app.post("/login")
def login():
    if request.form["password"] != "pw":
        abort(403)
    session["user"] = request.form["username"]
    app.session_interface.regenerate(session)
    return f"Welcome, {session['user']}"


@app.get("/whoami")
def whoami():
    if "user" not in session:
        abort(401)
    return jsonify(user=session["user"])


@app.route("/cart", methods=["GET", "POST"])
def cart():
    whoami()
    if request.method == "POST":
        session["cart"] = [*session.get("cart", []), request.form["item"]]
    return jsonify(cart=session.get("cart", []))


@app.post("/logout")
def logout():
    session.clear()
    return "Bye"
