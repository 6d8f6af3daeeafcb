import { quoted, rejected } from '#formats/rejected.ts';
import type { Body, OnnxModel } from './model.ts';

// onnxruntime inlines one level of calls after the other, each time through all nodes: 16,384 nodes took 0.8 s in functions two deep and 4 s in functions fourteen deep, and 32,768 in functions fifteen deep 19 s. Exporters group some 10,000 nodes in functions up to five deep.
const MOST_STEPS = 250_000;
const DEEPEST_CALLS = 100;
const FIX = 'Export the model without functions within functions, or with each of them inlined.';

/** The nodes and bytes of tensors after every call is inlined, and the depth to which these calls are nested. */
type Size = { readonly nodes: number; readonly bytes: number; readonly depth: number };

/**
 * Refuses functions that expand too much: onnxruntime copies a function to every place from which it is called, so twenty that each call the next one twice are a million.
 * Returns the bytes of tensors in these copies, besides those in the file.
 */
export function expandedBytes(file: string, { main, bodies }: OnnxModel): number {
  const sizes = new Map<string, Size>();
  const written = [...bodies.values()].reduce((sum, { bytes }) => sum + bytes, main.bytes);
  const { nodes, bytes, depth } = sizeOf(main, []);
  if (nodes * depth > MOST_STEPS) throw tooMany(file);
  return Math.max(0, bytes - written);

  function sizeOf({ calls, bytes }: Body, path: readonly string[]): Size {
    let [nodes, ofTensors, depth] = [0, bytes, 0];
    for (const [name, times] of calls) {
      const called = bodies.get(name);
      const size = called ? sizeOfFunction(name, called, path) : ONE_NODE;
      nodes += times * size.nodes;
      ofTensors += times * size.bytes;
      depth = Math.max(depth, size.depth);
      if (depth > 0 && nodes > MOST_STEPS) throw tooMany(file);
    }
    return { nodes, bytes: ofTensors, depth };
  }

  function sizeOfFunction(name: string, body: Body, path: readonly string[]): Size {
    const known = sizes.get(name);
    if (known) return known;
    if (path.includes(name) || path.length >= DEEPEST_CALLS) throw tooDeep(file, name);
    const inner = sizeOf(body, [...path, name]);
    // A call costs something even where the function has no node.
    const size = { ...inner, nodes: Math.max(1, inner.nodes), depth: inner.depth + 1 };
    sizes.set(name, size);
    return size;
  }
}

const ONE_NODE: Size = { nodes: 1, bytes: 0, depth: 0 };

function tooMany(file: string) {
  return rejected(
    `${file} has functions that become too many nodes once each is put in the place of its calls: their number times the depth of the calls is over ${MOST_STEPS.toLocaleString('en-US')}`,
    FIX,
  );
}

function tooDeep(file: string, name: string) {
  return rejected(
    `${file} has the function ${quoted(name)}, which calls itself, or lies more than ${DEEPEST_CALLS} calls deep`,
    FIX,
  );
}
