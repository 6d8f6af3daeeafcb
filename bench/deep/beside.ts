import { lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startSlipway, temporaryFolder } from '../../test/support/slipway/running.ts';
import { row, spread } from '../figures.ts';
import { bundleOnnxServer } from '../python-servers/servers.ts';
import { firstAnswer } from './asking.ts';
import { dropped, imageOf, undeployed } from './drops.ts';
import { MODEL, startOurs, startPeer } from './servers.ts';
import type { Answer, Subject } from './subject.ts';
import { type Cost, type Held, turn } from './turns.ts';

type Side = 'slipway' | 'peer';
type Seen = { readonly costs: Readonly<Record<Side, Cost[]>>; readonly drops: number[] };

/** Both servers in turns, each started anew, and after each turn the model dropped once more; first of all in a data folder where nothing is built, with what uv has in its cache. */
export async function measureBeside(
  prepare: (folder: string) => Promise<Subject>,
  rounds: number,
): Promise<void> {
  await using folder = await temporaryFolder();
  const subject = await prepare(folder.path);
  await bundleOnnxServer();
  const wanted = await wantedOf(subject);
  const [first = ''] = wanted;
  // What nobody calls stops soon.
  await using slipway = await startSlipway(join(folder.path, 'data'), {
    config: { idleSeconds: 5 },
  });
  const coldMs = await dropped(slipway, subject, { round: 0, wanted: first });
  const image = await imageOf(slipway, 0);
  const seen: Seen = { costs: { slipway: [], peer: [] }, drops: [] };
  const turns = {
    slipway: () => turn(() => startOurs(image.folder), heldOf(subject, wanted, 'slipway')),
    peer: () => turn(() => startPeer(subject.peer), heldOf(subject, wanted, 'peer')),
  };
  for (let round = 1; round <= rounds; round += 1) {
    const order = round % 2 === 0 ? (['slipway', 'peer'] as const) : (['peer', 'slipway'] as const);
    for (const side of order) seen.costs[side].push(await turns[side]());
    seen.drops.push(await dropped(slipway, subject, { round, wanted: first }));
    await undeployed(slipway, round);
  }
  report(subject, seen);
  console.log(row('drop → answer, ms', `${spread(seen.drops)}; the first ${coldMs.toFixed(0)}`));
  const peerBytes = bytesIn(dirname(dirname(subject.peer.python)));
  console.log(row('environment and model, MB', `slipway ${megabytes(image.bytes)}`));
  console.log(row('environment, MB', `${subject.peer.name} ${megabytes(peerBytes)}`));
}

/** What the framework itself answers. */
async function wantedOf({ peer, questions }: Subject): Promise<readonly Answer[]> {
  const server = await startPeer(peer);
  const answers: Answer[] = [];
  try {
    for (const { peers } of questions) {
      answers.push(await firstAnswer(server.origin, peers, server.requireAlive));
    }
  } finally {
    await server.stop();
  }
  return answers;
}

function heldOf({ questions }: Subject, wanted: readonly Answer[], side: Side) {
  const held = ({ ours, peers, count }: Subject['questions'][number], at: number): Held => ({
    asking: side === 'slipway' ? ours(MODEL) : peers,
    wanted: wanted[at] ?? '',
    count,
  });
  const [first, ...others] = questions;
  return [held(first, 0), ...others.map((each, at) => held(each, at + 1))] as const;
}

function report({ questions, peer, unit, aims }: Subject, { costs }: Seen): void {
  const line = (name: string, read: (cost: Cost) => number, digits: number, aim?: number) => {
    const [ours, peers] = [costs.slipway.map(read), costs.peer.map(read)];
    const ratios = peers.map((value, at) => value / (ours[at] ?? Number.NaN));
    const sides = `slipway ${spread(ours, digits)}, ${peer.name} ${spread(peers, digits)}`;
    console.log(row(name, `${sides}, ratio ${spread(ratios, 2)}${aim ? ` (aim ${aim})` : ''}`));
  };
  line('CPU of the start, ms', ({ startCpuMs }) => startCpuMs, 0, aims.startCpu);
  line('start, ms', ({ startMs }) => startMs, 0);
  for (const [at, { what }] of questions.entries()) {
    const name = `CPU ms a ${unit}, ${what}`;
    line(name, ({ unitCpuMs }) => unitCpuMs[at] ?? Number.NaN, 2, aims.unitCpu);
  }
  line('RSS, MiB', ({ rssMiB }) => rssMiB, 0);
  line('PSS, MiB', ({ pssMiB }) => pssMiB, 0);
}

function bytesIn(folder: string): number {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true });
  const sizes = found
    .filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => lstatSync(join(parentPath, name)).size);
  return sizes.reduce((sum, size) => sum + size, 0);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
