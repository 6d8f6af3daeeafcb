import type { LoadedModel, Run } from './model.ts';

type RunModel = LoadedModel['run'];

const SHORT_MS = 2;
// A short run adds one to the trust in those to come, and a long one takes ten for each of its milliseconds: on a busy machine
// a run or two in a hundred wait for a core, and one of 20 ms takes all.
const ENOUGH = 100;
const MOST = 200;
const LOST_PER_MS = 10;

/**
 * Runs a model there, in another thread, until its runs prove to be short, and here from then on: the way to another thread
 * and back costs several times what a forest takes. Whatever runs here keeps the server from answering anything else, so a
 * run of larger inputs than those known to be short goes there, and after long ones all do, until they prove short again.
 * `open` loads the model here; where it does not, it goes on there.
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
    // Afterwards the inputs are gone: to run takes their memory.
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

/** Values and, of text, characters: a model may take as long as its texts are. */
function sizeOf({ inputs }: Run): number {
  let size = 0;
  for (const { data } of inputs) {
    size += data.length;
    if (Array.isArray(data)) for (const text of data) size += text.length;
  }
  return size;
}
