import type { DatabaseSync } from 'node:sqlite';
import { transaction } from '#adapters/local/registry/database.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS webhooks (
    url TEXT PRIMARY KEY,
    after TEXT NOT NULL,
    tries INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/** The delivery position at one address: the cursor of the last event that is done, and the failed attempts for the next one. */
export type WebhookPlace = { readonly after: string; readonly tries: number };

export type WebhookTable = {
  place(url: string): WebhookPlace;
  save(url: string, place: WebhookPlace): void;
};

/** The positions of these addresses. A new address begins with future events; addresses no longer listed are forgotten. */
export function webhookTable(database: DatabaseSync, urls: readonly string[]): WebhookTable {
  const { read, write } = transaction(database, () => {
    database.exec(SCHEMA);
    forgetOthers(database, urls);
    database
      .prepare(
        `INSERT OR IGNORE INTO webhooks (url, after, tries)
         SELECT value, (SELECT coalesce(max(cursor), '') FROM events), 0 FROM json_each(?)`,
      )
      .run(JSON.stringify(urls));
    return {
      read: database.prepare('SELECT after, tries FROM webhooks WHERE url = ?'),
      write: database.prepare('UPDATE webhooks SET after = ?, tries = ? WHERE url = ?'),
    };
  });
  return {
    place(url) {
      const row = read.get(url) ?? {};
      return { after: String(row['after'] ?? ''), tries: Number(row['tries'] ?? 0) };
    },
    save(url, { after, tries }) {
      transaction(database, () => write.run(after, tries, url));
    },
  };
}

function forgetOthers(database: DatabaseSync, urls: readonly string[]): void {
  database
    .prepare('DELETE FROM webhooks WHERE url NOT IN (SELECT value FROM json_each(?))')
    .run(JSON.stringify(urls));
}
