// A shop with express-session: in the server's memory, or in Redis where REDIS_URL says which.
const { RedisStore } = require("connect-redis");
const express = require("express");
const session = require("express-session");
const { createClient } = require("redis");

const { HOST, PORT, SECRET, REDIS_URL, SECURE, TRUST_PROXY } = process.env;

function store() {
  if (!REDIS_URL) return undefined; // that is MemoryStore
  const client = createClient({ url: REDIS_URL, disableOfflineQueue: true });
  client.on("error", (error) => console.error("Redis:", error.code ?? error.message));
  client.connect();
  return new RedisStore({ client });
}

const app = express();
if (TRUST_PROXY) app.set("trust proxy", 1);
app.get("/healthz", (_, answer) => answer.send("ok"));
app.use(
  session({
    store: store(),
    secret: SECRET,
    resave: false,
    saveUninitialized: false,
    cookie: { secure: Boolean(SECURE), sameSite: "lax" },
  }),
);
app.use(express.json());

app.post("/login", (request, answer, next) => {
  const { user, password } = request.body;
  if (password !== "pw") return answer.sendStatus(403);
  request.session.regenerate((error) => {
    if (error) return next(error);
    request.session.user = user;
    answer.json({ welcome: user });
  });
});

app.use((request, answer, next) => (request.session.user ? next() : answer.sendStatus(401)));
app.get("/me", ({ session }, answer) => answer.json({ user: session.user }));
app.get("/cart", ({ session }, answer) => answer.json({ cart: session.cart ?? [] }));
app.put("/cart/:item", ({ session, params }, answer) => {
  session.cart = [...(session.cart ?? []), params.item];
  answer.json({ cart: session.cart });
});
app.post("/logout", ({ session }, answer) => session.destroy(() => answer.sendStatus(204)));

const server = app.listen(PORT, HOST);
process.on("SIGTERM", () => server.close(() => process.exit(0)));
