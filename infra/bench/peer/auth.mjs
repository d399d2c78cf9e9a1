// better-auth with its organization and API key plugins, configured for a comparison: as durable as customer-service, and without features
// that customer-service does not have.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { apiKey } from "@better-auth/api-key";
import Database from "better-sqlite3";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { organization } from "better-auth/plugins";

/** The version that is installed. */
function version(name) {
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
}

/** Creates a database in a folder, a user with a session, and an organization that the user owns. */
export async function open(folder, baseURL = "http://127.0.0.1") {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "auth.db");
  if (existsSync(file)) throw new Error(`${file} exists: a run needs an empty folder`);
  // better-auth calls this driver in process, without a thread or a socket in between. Node 20 has no SQLite of its own.
  const database = new Database(file);
  // Readers and the writer don't wait for each other, and a commit is one append and one sync.
  database.pragma("journal_mode = WAL");
  // Every commit is on the disk before it is answered, as in customer-service. This driver's default with WAL is NORMAL, which does not
  // sync at a commit.
  database.pragma("synchronous = FULL");

  const options = {
    // Only better-auth's own routes use it; no measured call does.
    baseURL,
    // It signs cookies; no measured call has one.
    secret: "a secret for a benchmark, which is not one",
    // The connection itself, so that the check below covers the connection that is used.
    database,
    // A sign-up creates the user and the session.
    emailAndPassword: { enabled: true },
    // The limit on better-auth's own routes is on in production, and the load comes from one address.
    rateLimit: { enabled: false },
    // Off is the default.
    telemetry: { enabled: false },
    // Otherwise each refused key is an error on the console.
    logger: { disabled: true },
    plugins: [
      organization(),
      apiKey({
        // A key belongs to an organization, as in customer-service to a customer.
        references: "organization",
        // The default is ten verifications per day and key.
        rateLimit: { enabled: false },
        // The other defaults stay: keys are stored in the database as a SHA-256, without a cache, without an expiry, and without a number of
        // uses left (`remaining`, `refillAmount`), which would be one more write per verification.
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

  // The last step, so that no later one can change it.
  const journalMode = database.pragma("journal_mode", { simple: true });
  const synchronous = database.pragma("synchronous", { simple: true });
  if (journalMode !== "wal" || synchronous !== 2) {
    throw new Error(`the database is not as durable as it must be: journal_mode ${journalMode}, synchronous ${synchronous}`);
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
