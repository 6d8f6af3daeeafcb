import { keptRequests } from '#adapters/capture/kept-requests.ts';
import {
  type KeyRing,
  newRing,
  privateKeys,
  publicKeys,
  withoutDays,
} from '#adapters/capture/key-rings.ts';
import { sealedLine } from '#domain/capture/sealed-line.ts';
import type { CaptureKeys } from '#ports/capture-keys.ts';
import type { Clock } from '#ports/clock.ts';
import type { KeptLines } from '#ports/kept-lines.ts';

/** The keys of kept requests, in memory. */
export function memoryCaptureKeys(): CaptureKeys {
  const models = new Map<string, Readonly<Record<string, KeyRing>>>();
  return {
    async publish(model, revision) {
      const all = models.get(model) ?? {};
      const ring = all[revision] ?? newRing();
      models.set(model, { ...all, [revision]: ring });
      return publicKeys(ring);
    },
    open: async (model) => privateKeys(models.get(model) ?? {}),
    async drop(model, days) {
      const all = Object.entries(models.get(model) ?? {});
      models.set(
        model,
        Object.fromEntries(all.map(([revision, ring]) => [revision, withoutDays(ring, days)])),
      );
    },
    async keepOnly(model, revisions) {
      const all = Object.entries(models.get(model) ?? {});
      const kept = all.filter(([revision]) => revisions.includes(revision));
      models.set(model, Object.fromEntries(kept));
    },
  };
}

/** The sealed lines of models, in memory. */
export function memoryKeptLines(): KeptLines {
  const models = new Map<string, Map<string, readonly string[]>>();
  const daysOf = (model: string) => models.get(model) ?? new Map<string, readonly string[]>();
  return {
    days: async (model) => [...daysOf(model).keys()].sort().reverse(),
    async *of(model, day) {
      for (const text of daysOf(model).get(day) ?? []) {
        const said = sealedLine(text);
        if (said) yield { text, said };
      }
    },
    async add(model, day, line) {
      const days = daysOf(model);
      models.set(model, days.set(day, [...(days.get(day) ?? []), line]));
    },
    async remove(model, days) {
      for (const day of days) daysOf(model).delete(day);
    },
  };
}

/** The three ports of kept requests over one another. */
export function memoryCapture(clock: Clock) {
  const captureKeys = memoryCaptureKeys();
  const keptLines = memoryKeptLines();
  return {
    captureKeys,
    keptLines,
    keptRequests: keptRequests({ lines: keptLines, keys: captureKeys, clock }),
  };
}
