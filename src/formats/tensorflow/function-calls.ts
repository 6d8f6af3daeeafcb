import { quoted, rejected } from '#formats/rejected.ts';

/** A function of a graph: the number of its own nodes, and the functions that they call, one entry for each call. */
export type GraphFunction = { readonly nodes: number; readonly calls: readonly string[] };

// The most in real models: some 4,000 nodes of functions, six deep.
const MAX_DEPTH = 100;
const MAX_NODES = 5_000_000;

/**
 * Refuses functions that cannot be expanded: the runtime copies each to the place of its call, so one that calls itself never ends,
 * and a few that call each other twice are more nodes than there is memory for. Fails with `ArtifactRejected`.
 */
export function refuseEndlessCalls(
  functions: ReadonlyMap<string, GraphFunction>,
  file: string,
): void {
  const unfolded = new Map<string, { readonly nodes: number; readonly depth: number }>();
  const open = new Set<string>();
  for (const name of functions.keys()) unfold(name);

  /** Uses its own stack: calls may be nested deeper than JavaScript's stack allows. */
  function unfold(root: string): void {
    const path = [root];
    for (let name = path.at(-1); name !== undefined; name = path.at(-1)) {
      if (unfolded.has(name)) {
        path.pop();
        continue;
      }
      open.add(name);
      const called = functions.get(name)?.calls ?? [];
      const next = called.find((each) => functions.has(each) && !unfolded.has(each));
      if (next !== undefined && open.has(next)) {
        throw refused(file, `its function ${quoted(next)} calls itself, so it does not end`);
      }
      if (next !== undefined) path.push(next);
      else close(name, called);
    }
  }

  function close(name: string, called: readonly string[]): void {
    let [nodes, depth] = [functions.get(name)?.nodes ?? 0, 0];
    for (const each of called) {
      const inner = unfolded.get(each);
      nodes += inner?.nodes ?? 0;
      depth = Math.max(depth, inner?.depth ?? 0);
    }
    if (nodes > MAX_NODES) {
      throw refused(
        file,
        `its function ${quoted(name)} is ${nodes} nodes once all that it calls is written out; the limit is ${MAX_NODES}`,
      );
    }
    if (depth >= MAX_DEPTH) {
      throw refused(file, `its functions call each other more than ${MAX_DEPTH} deep`);
    }
    open.delete(name);
    unfolded.set(name, { nodes, depth: depth + 1 });
  }
}

function refused(file: string, fault: string) {
  return rejected(
    `${file} is damaged: ${fault}`,
    'Save the model again, from a source that you trust.',
  );
}
