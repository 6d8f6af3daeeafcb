/** The fault in a tree's lists that would make a framework that trusts them read out of bounds or loop forever; undefined when they are sound. */
export type TreeFault = string | undefined;

/**
 * Checks a tree of `nodes` nodes with root 0; `left` and `right` have each node's children, negative where there is no child.
 * Every child must exist and have one parent, so that every path from the root ends.
 */
export function childrenFault(
  nodes: number,
  left: readonly number[],
  right: readonly number[],
): TreeFault {
  const hasParent = new Uint8Array(nodes);
  hasParent[0] = 1;
  for (const children of [left, right]) {
    for (const child of children) {
      if (child < 0) continue;
      if (!(child < nodes)) return `has the child ${child}, and ${nodes} nodes`;
      if (hasParent[child] === 1) return `has the child ${child} twice`;
      hasParent[child] = 1;
    }
  }
  return undefined;
}

/** Checks indices that the framework uses unchecked. */
export function indicesFault(indices: readonly number[], count: number, what: string): TreeFault {
  const wrong = indices.find((index) => !(Number.isInteger(index) && index >= 0 && index < count));
  return wrong === undefined ? undefined : `names the ${what} ${wrong} of ${count}`;
}
