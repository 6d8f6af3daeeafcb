import { eventually } from '../clock/eventually.ts';
import { openPlatforms, pidsOf, platformFolder, slotOf } from './platform.ts';

/** A Slipway that a test ends: on each target it has a server that is idle, one that is busy for ever, and one that does not get ready. Prints their pids as JSON, and `closed` after a SIGTERM. */
const folder = platformFolder(process.argv[2]);
const { platforms, close } = openPlatforms(folder);
const started = Object.entries(platforms).map(async ([model, platform]) => {
  const idle = folder.spec('answers', { model, version: 1 });
  const busy = folder.spec('freezes', { model, version: 2 });
  const starting = folder.spec('never-ready', { model, version: 3 });
  const all = [idle, busy, starting];
  for (const spec of all) await platform.create(spec, 1);
  for (const { revision } of [idle, busy]) await platform.start(revision);
  const slot = await slotOf(platform, busy.revision);
  fetch(slot.origin).catch(() => undefined);
  return eventually(async () => {
    const [line] = await platform.logTail(busy.revision, { lines: 1 });
    const pids = all.flatMap(({ revision }) => pidsOf(folder, revision));
    return line?.text === 'it freezes' && pids.length === all.length && pids;
  });
});
const pids = (await Promise.all(started)).flat();
// The reader of this line may send the signal before this process runs on.
process.once('SIGTERM', async () => {
  await close();
  process.stdout.write('closed\n');
});
process.stdout.write(`${JSON.stringify(pids)}\n`);
