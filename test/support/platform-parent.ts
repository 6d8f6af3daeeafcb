import { eventually } from './eventually.ts';
import { openPlatform, pidsOf, platformFolder, slotOf } from './local-platform.ts';

/** A Slipway to be ended: with an idle instance, one that computes for ever, and one that does not get ready. Prints their pids as JSON, and `closed` after a SIGTERM. */
const folder = platformFolder(process.argv[2]);
const platform = openPlatform(folder);
const idle = folder.spec('answers', { version: 1 });
const busy = folder.spec('spins', { version: 2 });
const starting = folder.spec('never-ready', { version: 3 });
const all = [idle, busy, starting];

for (const spec of all) await platform.create(spec);
const slots = await Promise.all([idle, busy].map(({ revision }) => slotOf(platform, revision)));
fetch(slots[1]!.origin).catch(() => undefined);
const pids = await eventually(async () => {
  const [line] = await platform.logTail(busy.revision, 1);
  const started = all.flatMap(({ revision }) => pidsOf(folder, revision));
  return line === 'it spins' && started.length === all.length && started;
});
// Whoever reads the line may send the signal before this process runs on.
process.once('SIGTERM', async () => {
  await platform.close();
  process.stdout.write('closed\n');
});
process.stdout.write(`${JSON.stringify(pids)}\n`);
