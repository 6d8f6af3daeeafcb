import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../../test/support/slipway/running.ts';
import { MODEL } from '../beside/drops.ts';
import { type Server, startServer } from '../beside/server.ts';
import { inTurns, ratiosOf, type Turns } from '../beside/turns.ts';
import { row, spread } from '../figures.ts';
import { asked, bareServer, CONTEXT, llamaPython, weightsPath } from './language.ts';

const SPINS = [500, 1_000, 2_000, 4_000] as const;
const LOOK_MS = 50;

type Side = { readonly at: string; readonly pid: number };
type Sides = Readonly<Record<string, Side>>;

/**
 * Measures tokens a second by how often llama.cpp's threads look before they sleep (`GOMP_SPINCOUNT`), for Slipway's server with nothing before it, beside llama.cpp's own with its defaults, in turns:
 * on the machine alone, and beside a busy loop for each core.
 */
export async function measureSpins(rounds: number): Promise<void> {
  const [weights, python] = [await weightsPath(), await llamaPython()];
  await using folder = await temporaryFolder();
  const facts = join(folder.path, 'facts.json');
  const language = { task: 'generate', contextTokens: CONTEXT, requestsAtOnce: 1 };
  writeFileSync(
    facts,
    JSON.stringify({
      format: 'gguf',
      listens: true,
      language: { ...language, hasChatTemplate: true },
    }),
  );
  const { child, port } = await bareServer(weights, python);
  const sides: Record<string, Side> = {
    "llama.cpp's own": { at: `http://127.0.0.1:${port}`, pid: child.pid ?? 0 },
  };
  const servers = await Promise.all(
    SPINS.map((spins) => startGguf(python, { weights, facts, spins })),
  );
  const loops = [];
  try {
    for (const [at, { origin, pid, requireAlive }] of servers.entries()) {
      while (!(await answers(origin))) {
        requireAlive();
        await sleep(LOOK_MS);
      }
      sides[`${SPINS[at]} looks`] = { at: origin, pid };
    }
    print('quiet', await measured(sides, rounds));
    for (let core = 0; core < availableParallelism(); core += 1) {
      loops.push(spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
    }
    print('busy', await measured(sides, rounds));
  } finally {
    for (const loop of loops) loop.kill('SIGKILL');
    for (const server of servers) await server.stop();
    child.stdin?.end();
  }
}

async function measured(sides: Sides, rounds: number): Promise<Turns<number>> {
  // Each has loaded and answered before anything is measured.
  for (const side of Object.values(sides)) await asked(side, 0);
  const turns = Object.entries(sides).map(
    ([name, side]) =>
      [name, async (round: number) => (await asked(side, round + 1)).perSecond] as const,
  );
  return inTurns(Object.fromEntries(turns), rounds);
}

function print(how: string, turns: Turns<number>): void {
  const [bare = []] = Object.values(turns);
  for (const [name, values] of Object.entries(turns)) {
    const ratios = spread(ratiosOf(values, bare), 2);
    console.log(row(`${how}, ${name}`, `tokens a second ${spread(values, 1)}, ratio ${ratios}`));
  }
}

/** Slipway's server of a language model in a GGUF file, whose threads look that often before they sleep. */
function startGguf(
  python: string,
  { weights, facts, spins }: { weights: string; facts: string; spins: number },
): Promise<Server> {
  return startServer({
    program: python,
    given: ['-m', 'slipway_server'],
    environment: {
      PYTHONPATH: fileURLToPath(new URL('../../runtimes/python', import.meta.url)),
      GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
      GOMP_SPINCOUNT: String(spins),
      MODEL_PATH: weights,
      MODEL_FACTS: facts,
      MODEL_NAME: MODEL,
    },
  });
}

function answers(origin: string): Promise<boolean> {
  return fetch(`${origin}/ping`).then(
    ({ status }) => status === 200,
    () => false,
  );
}
