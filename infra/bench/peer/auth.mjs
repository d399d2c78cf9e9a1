// better-auth with its organization and API key plugins, set up to be compared with: as durable as the other side, and with nothing on that
// the other side does not do.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { apiKey } from "@better-auth/api-key";
import Database from "better-sqlite3";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { organization } from "better-auth/plugins";

/** What is installed, not what was asked for. */
function version(name) {
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
}

/** Opens a new database in a folder, and everything a key needs: a user with a session, and an organization they own. */
export async function open(folder, baseURL = "http://127.0.0.1") {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "auth.db");
  if (existsSync(file)) throw new Error(`${file} is there already: a run starts from nothing`);
  // better-auth takes this driver as it is and calls it in process, without a thread or a socket between; Node 20 has no SQLite of its own.
  const database = new Database(file);
  // Readers and the writer don't wait for each other, and a commit is one append and one sync.
  database.pragma("journal_mode = WAL");
  // Every commit is on the disk before it is answered, as on the other side. It has to be said: this driver is built with NORMAL for WAL,
  // which does not sync at a commit.
  database.pragma("synchronous = FULL");

  const options = {
    // Only better-auth's own routes look at it; no measured call does.
    baseURL,
    // It signs cookies, which no measured call has.
    secret: "a secret for a benchmark, which is not one",
    // The connection itself, so that what is checked below is what is used.
    database,
    // The user has to come from somewhere. Signing up makes their session too.
    emailAndPassword: { enabled: true },
    // The limit on better-auth's own routes. It is on in production, and the load comes from one address.
    rateLimit: { enabled: false },
    // It is off unless asked for; this says so.
    telemetry: { enabled: false },
    // Otherwise each refused key is an error on the console.
    logger: { disabled: true },
    plugins: [
      organization(),
      apiKey({
        // A key belongs to an organization, as one here belongs to a customer.
        references: "organization",
        // Ten verifications a day and key is what it comes with.
        rateLimit: { enabled: false },
        // As it comes: keys are stored as a SHA-256, in the database, without a cache, without an end, and without a number of uses left
        // (`remaining`, `refillAmount`), which would be one more write for each verification.
      }),
    ],
  };
  const { runMigrations } = await getMigrations(options);
  await runMigrations();
  const auth = betterAuth(options);
  const { user, token } = await auth.api.signUpEmail({
    body: { name: "Bench", email: "bench@example.com", password: "correct horse battery staple" },
  });
  if (!token) throw new Error("the user has no session");
  const owned = await auth.api.createOrganization({ body: { name: "Bench", slug: "bench", userId: user.id } });

  // Last, so that nothing above can have changed it.
  const journalMode = database.pragma("journal_mode", { simple: true });
  const synchronous = database.pragma("synchronous", { simple: true });
  if (journalMode !== "wal" || synchronous !== 2) {
    throw new Error(`not as durable as it must be: journal_mode ${journalMode}, synchronous ${synchronous}`);
  }
  return {
    auth,
    create: (name) => auth.api.createApiKey({ body: { name, organizationId: owned.id, userId: user.id } }),
    verify: (key) => auth.api.verifyApiKey({ body: { key } }),
    versions: {
      node: process.version,
      "better-auth": version("better-auth"),
      "@better-auth/api-key": version("@better-auth/api-key"),
      "better-sqlite3": version("better-sqlite3"),
      sqlite: database.prepare("select sqlite_version() as version").get().version,
    },
    journalMode,
    synchronous,
    close: () => database.close(),
  };
}
