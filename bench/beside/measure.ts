import { lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startSlipway, temporaryFolder } from '../../test/support/slipway/running.ts';
import { row, spread } from '../figures.ts';
import { type Answer, firstAnswer } from './asking.ts';
import { type Cost, type Held, turn } from './cost.ts';
import { bundleOnnxServer, dropped, imageOf, MODEL, serverOf, undeployed } from './drops.ts';
import { startServer } from './server.ts';
import type { Ours, Subject } from './subject.ts';
import { inTurns, printFigure } from './turns.ts';

/** Measures all servers of a subject in turns, each started anew, and after each round the model dropped once more; first of all in a data folder where nothing is built, with the packages that uv has in its cache. */
export async function measureBeside(
  prepare: (folder: string) => Promise<Subject>,
  rounds: number,
): Promise<void> {
  await using folder = await temporaryFolder();
  const subject = await prepare(folder.path);
  const { ours, peers, questions, mostApart } = subject;
  await bundleOnnxServer();
  const wanted = await wantedOf(subject);
  // A model that nobody calls stops soon.
  await using slipway = await startSlipway(join(folder.path, 'data'), {
    config: { idleSeconds: 5 },
  });
  const drop = (side: Ours, round: number) =>
    dropped(slipway, side.drop, {
      model: nameOf(side, round),
      ask: questions[0].ours,
      wanted: wanted[0] ?? '',
      mostApart,
    });
  const cold: Record<string, number> = {};
  const images: Record<string, string> = {};
  for (const side of ours) {
    cold[side.name] = await drop(side, 0);
    const image = await imageOf(slipway, nameOf(side, 0));
    images[side.name] = image.folder;
    console.log(row(`${side.name}: environment and model`, `${megabytes(image.bytes)} MB`));
  }
  for (const { name, command } of peers) {
    const environment = dirname(dirname(command.program));
    console.log(row(`${name}: environment`, `${megabytes(bytesIn(environment))} MB`));
  }
  const costs = await inTurns<Cost>(
    {
      ...Object.fromEntries(
        ours.map(({ name }) => [
          name,
          () => turn(serverOf(images[name] ?? ''), heldOf(subject, wanted, MODEL)),
        ]),
      ),
      ...Object.fromEntries(
        peers.map(({ name, command }) => [
          name,
          () => turn(command, heldOf(subject, wanted, MODEL, name)),
        ]),
      ),
    },
    rounds,
  );
  report(subject, costs);
  const drops = await inTurns(
    Object.fromEntries(
      ours.map((side) => [
        side.name,
        async (round: number) => {
          const tookMs = await drop(side, round + 1);
          await undeployed(slipway, nameOf(side, round + 1));
          return tookMs;
        },
      ]),
    ),
    rounds,
  );
  for (const [name, took] of Object.entries(drops)) {
    const first = cold[name]?.toFixed(0);
    console.log(row(`${name}: drop → answer, ms`, `${spread(took)}; the first ${first}`));
  }
}

function nameOf({ name }: Ours, round: number): string {
  return `${name.toLowerCase().replace(/\W+/g, '-')}-${round}`;
}

/** The framework's own answers. */
async function wantedOf({ peers: [peer], questions }: Subject): Promise<readonly Answer[]> {
  const known = questions.flatMap(({ wanted }) => (wanted === undefined ? [] : [wanted]));
  if (known.length === questions.length) return known;
  const server = await startServer(peer.command);
  const answers: Answer[] = [];
  try {
    for (const { peers } of questions) {
      const asking = typeof peers === 'function' ? peers(peer.name) : peers;
      answers.push(await firstAnswer(server.origin, asking, server.requireAlive));
    }
  } finally {
    await server.stop();
  }
  return answers;
}

/** The questions to one of our servers, or to the peer of that name. */
function heldOf(
  { questions, mostApart }: Subject,
  wanted: readonly Answer[],
  model: string,
  peer?: string,
): readonly [Held, ...Held[]] {
  const held = ({ ours, peers, count }: Subject['questions'][number], at: number): Held => {
    const others = typeof peers === 'function' ? peers(peer ?? '') : peers;
    const asking = peer === undefined ? ours(model) : others;
    return { asking, wanted: wanted[at] ?? '', count, mostApart };
  };
  const [first, ...others] = questions;
  return [held(first, 0), ...others.map((each, at) => held(each, at + 1))];
}

function report(
  { ours, peers, questions, unit, aims }: Subject,
  costs: Parameters<typeof printFigure<Cost>>[1],
): void {
  const names = { ours: ours.map(({ name }) => name), others: peers.map(({ name }) => name) };
  const figures: Parameters<typeof printFigure<Cost>>[0][] = [
    { name: 'CPU of the start, ms', read: ({ startCpuMs }) => startCpuMs, aim: aims?.startCpu },
    { name: 'start, ms', read: ({ startMs }) => startMs },
    ...questions.flatMap(({ what }, at) => [
      {
        name: `CPU of a ${unit}, ${what}, ms`,
        read: ({ unitCpuMs }: Cost) => unitCpuMs[at] ?? Number.NaN,
        digits: 3,
        aim: aims?.unitCpu,
      },
      {
        name: `time of a ${unit}, ${what}, ms`,
        read: ({ unitMs }: Cost) => unitMs[at] ?? Number.NaN,
        digits: 3,
      },
    ]),
    { name: 'RSS, MiB', read: ({ rssMiB }) => rssMiB },
    { name: 'PSS, MiB', read: ({ pssMiB }) => pssMiB },
  ];
  for (const figure of figures) printFigure(figure, costs, names);
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
