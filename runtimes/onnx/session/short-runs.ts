import type { LoadedModel, Run } from './model.ts';

type RunModel = LoadedModel['run'];

const SHORT_MS = 2;
// A short run adds one to the trust in future runs; a long one costs ten per millisecond: on a busy machine
// one or two runs in a hundred wait for a core, and a run of 20 ms costs all trust.
const ENOUGH = 100;
const MOST = 200;
const LOST_PER_MS = 10;

/**
 * Runs a model there, in another thread, until its runs prove short, and from then on here: a round trip to another thread
 * costs several times the run of a forest. A run here blocks the server, so a run with larger inputs than those known to
 * be short goes there, and after long runs all do, until they prove short again.
 * `open` loads the model here; if that fails, runs stay there.
 */
export function shortRunsHere(
  runThere: RunModel,
  open: () => Promise<Pick<LoadedModel, 'run'>>,
  nowMs: () => number = () => performance.now(),
): RunModel {
  let trust = 0;
  let largest = 0;
  let opening: ReturnType<typeof open> | undefined;
  const note = (size: number, tookMs: number) => {
    if (tookMs <= SHORT_MS) {
      trust = Math.min(MOST, trust + 1);
      largest = Math.max(largest, size);
    } else if (size <= largest) {
      trust = Math.max(0, trust - LOST_PER_MS * tookMs);
      if (trust < ENOUGH) largest = 0;
    }
  };
  return async (run) => {
    // Measured first: running consumes the inputs' memory.
    const size = sizeOf(run);
    const isShort = trust >= ENOUGH && size <= largest;
    if (isShort) opening ??= open().catch(() => ({ run: runThere }));
    const model = isShort ? await opening : undefined;
    const startedMs = nowMs();
    const result = await (model ? model.run(run) : runThere(run));
    note(size, nowMs() - startedMs);
    return result;
  };
}

/** The number of values and, for text, characters: a run's time may grow with its texts. */
function sizeOf({ inputs }: Run): number {
  let size = 0;
  for (const { data } of inputs) {
    size += data.length;
    if (Array.isArray(data)) for (const text of data) size += text.length;
  }
  return size;
}
