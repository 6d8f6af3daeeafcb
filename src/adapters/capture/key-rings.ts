import * as z from 'zod/mini';
import { DAYS_OF_A_MONTH } from '#domain/capture/plan.ts';
import type { PrivateKey, PrivateKeys } from '#ports/capture-keys.ts';
import { newKey } from './hpke.ts';

const KEY_BYTES = 32;

/** The keys of a revision, in base64: private and public of each day one after the other; null for a day whose key was dropped. */
export const keyRing = z.array(z.nullable(z.string())).check(z.length(DAYS_OF_A_MONTH.length));

export type KeyRing = Readonly<z.infer<typeof keyRing>>;

/** A ring with a new key for each day. */
export function newRing(): KeyRing {
  return DAYS_OF_A_MONTH.map(() => written(newKey()));
}

/** A dropped key is 32 zeros, for which nobody can seal. */
export function publicKeys(ring: KeyRing): string {
  const keys = ring.map((key) => (key === null ? Buffer.alloc(KEY_BYTES) : read(key).public));
  return Buffer.concat(keys).toString('base64');
}

export function withoutDays(ring: KeyRing, days: readonly number[]): KeyRing {
  return ring.map((key, index) => (days.includes(index + 1) ? null : key));
}

export function privateKeys(rings: Readonly<Record<string, KeyRing>>): PrivateKeys | null {
  const isEmpty = Object.values(rings).every((ring) => ring.every((key) => key === null));
  if (isEmpty) return null;
  // A key is the same object each time, so that what is made of it is made once.
  const found = new Map<string, PrivateKey>();
  return (revision, day) => {
    const key = rings[revision]?.[day - 1];
    if (!key) return undefined;
    const known = found.get(key) ?? read(key);
    found.set(key, known);
    return known;
  };
}

function written({ own, public: shared }: PrivateKey): string {
  return Buffer.concat([own, shared]).toString('base64');
}

function read(key: string): PrivateKey {
  const bytes = Buffer.from(key, 'base64');
  return { own: bytes.subarray(0, KEY_BYTES), public: bytes.subarray(KEY_BYTES) };
}
