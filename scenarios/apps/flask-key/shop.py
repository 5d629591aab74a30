"""A Flask shop whose sessions are cookies, signed with a key that is made at start."""

import os
import secrets

from flask import Flask, abort, jsonify, request, session

app = Flask(__name__)
app.secret_key = os.environ.get("SECRET_KEY") or secrets.token_hex(32)


@app.get("/healthz")
def healthz():
    return "ok"


@app.post("/login")
def login():
    if request.form["password"] != "pw":
        abort(403)
    session["user"] = request.form["username"]
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
