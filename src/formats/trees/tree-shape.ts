/** What is wrong with the lists of one tree, where a framework that believes them would leave its memory or never come to an end; undefined where nothing is. */
export type TreeFault = string | undefined;

/**
 * A tree of `nodes` nodes, 0 its root: `left` and `right` name for each node its children, or a number below 0 for none, and `leaves` nodes of which ends.
 * Every child is there, and of one parent alone, so that each way from the root ends.
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

/** Of indices that are used with no check of the framework's own. */
export function indicesFault(indices: readonly number[], count: number, what: string): TreeFault {
  const wrong = indices.find((index) => !(Number.isInteger(index) && index >= 0 && index < count));
  return wrong === undefined ? undefined : `names the ${what} ${wrong} of ${count}`;
}
