import { setTimeout } from 'node:timers/promises';
import type { ModelLog } from '#control/models.ts';

const LOOK_MS = 1000;
// An account takes some requests for a look, and allows only so many.
const REST = 4;

/** A model's log as it goes on: the last lines that are there, none if there are none yet, and then those that each look finds besides. */
export async function* followLog(
  logs: () => Promise<ModelLog>,
  rest: (ms: number) => Promise<unknown> = setTimeout,
): AsyncGenerator<ModelLog, never> {
  let before = await logs();
  yield before;
  for (;;) {
    const begunMs = performance.now();
    const found = await logs();
    const lines = newLines(before, found);
    if (lines.length > 0) yield { ...found, lines };
    before = found;
    await rest(LOOK_MS + REST * (performance.now() - begunMs));
  }
}

/** The lines at the end of a log that the look before did not have: all of them where another revision writes it. Repeated lines beyond one look are not counted. */
export function newLines(before: ModelLog, { revision, lines }: ModelLog): readonly string[] {
  if (before.revision !== revision) return lines;
  const { length } = before.lines;
  const isLeftFrom = (from: number) =>
    before.lines.slice(from).every((line, index) => line === lines[index]);
  const from = before.lines.findIndex((_, index) => isLeftFrom(index));
  return from === -1 ? linesBesides(before.lines, lines) : lines.slice(length - from);
}

/** Where not only the end has grown: the log of a build stands behind that of the version which is live. */
function linesBesides(before: readonly string[], lines: readonly string[]): readonly string[] {
  const known = [...before];
  return lines.filter((line) => {
    const at = known.indexOf(line);
    if (at >= 0) known.splice(at, 1);
    return at < 0;
  });
}
