import { randomBytes } from 'node:crypto';
import { type ApiKey, newKey } from '#domain/api-key.ts';
import type { ApiKeys } from '#ports/api-keys.ts';
import type { Clock } from '#ports/clock.ts';

/** API keys in memory, by their hashes. */
export function memoryApiKeys({ clock }: { readonly clock: Clock }): ApiKeys {
  const records = new Map<string, ApiKey>();

  return {
    async create(name, models, limits) {
      const about = { name, models, createdAtMs: clock.now(), ...limits };
      const { key, hash, record } = await newKey(randomBytes(32), about);
      records.set(hash, record);
      return { key, record };
    },
    list: async () => [...records.values()].toSorted((a, b) => a.createdAtMs - b.createdAtMs),
    async revoke(id) {
      for (const [hash, record] of records) if (record.id === id) records.delete(hash);
    },
    find: async (hash) => records.get(hash),
  };
}
