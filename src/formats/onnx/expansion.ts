import { quoted, rejected } from '#formats/rejected.ts';
import type { Body, OnnxModel } from './model.ts';

// The largest networks have some 10,000 nodes, and functions by which exporters group them make each a few more.
const MOST_NODES = 250_000;
const DEEPEST_CALLS = 100;
const FIX = 'Export the model without functions within functions, or with each of them inlined.';

/** Nodes and bytes of tensors, once each function is put in the place of every call. */
type Size = { readonly nodes: number; readonly bytes: number };

/**
 * Refuses functions that become too much: onnxruntime copies a function to every place from which it is called, so twenty that each call the next one twice are a million.
 * Answers the bytes of tensors in these copies, beside those that are written.
 */
export function expandedBytes(file: string, { main, bodies }: OnnxModel): number {
  const sizes = new Map<string, Size>();
  const written = [...bodies.values()].reduce((sum, { bytes }) => sum + bytes, main.bytes);
  const { bytes } = sizeOf(main, []);
  return Math.max(0, bytes - written);

  function sizeOf({ calls, bytes }: Body, path: readonly string[]): Size {
    let [nodes, ofTensors] = [0, bytes];
    for (const [name, times] of calls) {
      const called = bodies.get(name);
      const size = called ? sizeOfFunction(name, called, path) : ONE_NODE;
      nodes += times * size.nodes;
      ofTensors += times * size.bytes;
      if (nodes > MOST_NODES) throw tooMany(file);
    }
    return { nodes, bytes: ofTensors };
  }

  function sizeOfFunction(name: string, body: Body, path: readonly string[]): Size {
    const known = sizes.get(name);
    if (known) return known;
    if (path.includes(name) || path.length >= DEEPEST_CALLS) throw tooDeep(file, name);
    const inner = sizeOf(body, [...path, name]);
    // One without a node of its own still costs its call.
    const size = { ...inner, nodes: Math.max(1, inner.nodes) };
    sizes.set(name, size);
    return size;
  }
}

const ONE_NODE: Size = { nodes: 1, bytes: 0 };

function tooMany(file: string) {
  return rejected(
    `${file} has functions that become more than ${MOST_NODES.toLocaleString('en-US')} nodes once each is put in the place of its calls`,
    FIX,
  );
}

function tooDeep(file: string, name: string) {
  return rejected(
    `${file} has the function ${quoted(name)}, which calls itself, or lies more than ${DEEPEST_CALLS} calls deep`,
    FIX,
  );
}
