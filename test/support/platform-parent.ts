import { openPlatform, pidsOf, platformFolder, slotOf } from './local-platform.ts';

/** A Slipway to be killed: with an idle instance, one that computes for ever, and one that does not get ready. Prints their pids as JSON. */
const folder = platformFolder(process.argv[2]);
const platform = openPlatform(folder);
const idle = folder.spec('answers', { version: 1 });
const busy = folder.spec('spins', { version: 2 });
const starting = folder.spec('never-ready', { version: 3 });
const all = [idle, busy, starting];

for (const spec of all) await platform.create(spec);
const slots = await Promise.all([idle, busy].map(({ revision }) => slotOf(platform, revision)));
fetch(slots[1]!.origin).catch(() => undefined);
for (;;) {
  const [line] = await platform.logTail(busy.revision, 1);
  const pids = (await Promise.all(all.map(({ revision }) => pidsOf(platform, revision)))).flat();
  if (line !== 'it spins' || pids.length < all.length) continue;
  process.stdout.write(`${JSON.stringify(pids)}\n`);
  break;
}
