// better-auth with its organization and API key plugins, set up to be compared with: as durable as the other side, and with nothing on that
// the other side does not do.

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { apiKey } from "@better-auth/api-key";
import Database from "better-sqlite3";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { organization } from "better-auth/plugins";

/** Opens the database in a folder, and everything a key needs: a user, their organization, a first key. */
export async function open(folder) {
  mkdirSync(folder, { recursive: true });
  const database = new Database(join(folder, "auth.db"));
  // Every commit is on the disk before it is answered, as on the other side.
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  const journalMode = database.pragma("journal_mode", { simple: true });
  const synchronous = database.pragma("synchronous", { simple: true });
  if (journalMode !== "wal" || synchronous !== 2) {
    throw new Error(`not as durable as it must be: journal_mode ${journalMode}, synchronous ${synchronous}`);
  }
  const options = {
    baseURL: "http://127.0.0.1",
    secret: "a secret for a benchmark, which is not one",
    database,
    emailAndPassword: { enabled: true },
    // Neither side limits, reports home or logs what it answers.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
    plugins: [
      organization(),
      // A key belongs to an organization, as one here belongs to a customer. What is not said is as it comes: keys are stored hashed, and
      // each verification notes the time in the key's row before it answers.
      apiKey({ references: "organization", rateLimit: { enabled: false } }),
    ],
  };
  const { runMigrations } = await getMigrations(options);
  await runMigrations();
  const auth = betterAuth(options);
  const { user } = await auth.api.signUpEmail({
    body: { name: "Bench", email: "bench@example.com", password: "correct horse battery staple" },
  });
  const owner = await auth.api.createOrganization({ body: { name: "Bench", slug: "bench", userId: user.id } });
  const create = (name) => auth.api.createApiKey({ body: { name, organizationId: owner.id, userId: user.id } });
  const verify = async (key) => {
    const { valid, key: found } = await auth.api.verifyApiKey({ body: { key } });
    return valid ? { valid, key: found } : { valid };
  };
  const versions = {
    node: process.version,
    "better-auth": JSON.parse(readFileSync(new URL("package.json", import.meta.url))).dependencies["better-auth"],
    sqlite: database.prepare("select sqlite_version() as version").get().version,
  };
  return { create, verify, versions, journalMode, synchronous, close: () => database.close() };
}
