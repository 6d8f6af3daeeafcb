import type { Change } from '../faults/history.ts';
import type { Moment } from '../faults/moment.ts';
import type { Invariant } from './invariant.ts';

// The live version and the one that the manifest keeps.
const MOST_REVISIONS = 2;

/** The rules about resources that are made and taken away. */
export const RESOURCES = {
  /** Every running revision is made from exactly the uploaded versions of the files. */
  I10: ({ run: { history } }) =>
    history.changes.flatMap(({ artifact, subject }) => {
      const due = history.moments
        .at(-1)
        ?.deployments.find(({ work }) => work.candidate?.revision === subject)?.artifact;
      return !artifact || JSON.stringify(artifact) === JSON.stringify(due)
        ? []
        : [`${subject} is made from ${artifact.key} in version ${artifact.versionId}`];
    }),

  /** There are exactly the revisions of the versions that are kept. */
  I16: ({ run: { digest, fired } }) => {
    const kept = digest.versions
      .filter((it) => !it.endsWith(' Removed'))
      .map((it) => `digits-v${it.split(' ')[0]}`);
    const left = digest.existing.filter((it) => !kept.includes(it));
    const missing = kept.filter((it) => !digest.existing.includes(it));
    // A step that was cut short twice is not tried again: a version that it took away may be listed as kept, is made anew when it is asked for, and is struck by the next deployment.
    const isExcused = fired.length > 1 && !missing.some((it) => it === digest.live);
    return left.length === 0 && (missing.length === 0 || isExcused)
      ? []
      : [`${digest.existing} are there, ${kept} are kept`];
  },

  /** The sweep takes away nothing that is kept or being made, and nothing of others. */
  I17: ({ run: { history, isForeignLeft } }) => [
    ...(isForeignLeft ? [] : ['what others made is gone']),
    ...history.changes.filter(isSweptAway).flatMap(({ subject, atMs }) => {
      const before = history.moments.findLast((moment) => moment.atMs < atMs);
      return before && isReferred(before, subject) ? [`${subject} was swept away`] : [];
    }),
  ],

  /** Deployments do not add up to more and more revisions. */
  I20: ({ run: { next } }) =>
    next.existing.length <= MOST_REVISIONS
      ? []
      : [`${next.existing} are there after the next upload`],

  /** The version that was replaced last can be made live again. */
  I23: ({ run: { digest, next, back } }) =>
    digest.live === null || (back.live === digest.live && back.ends.length > next.ends.length)
      ? []
      : [`after a rollback ${back.live} is live, not ${digest.live}`],
} as const satisfies Readonly<Record<string, Invariant>>;

function isSweptAway({ isSwept, isDone, port, method }: Change): boolean {
  return isSwept && isDone && port !== 'router' && method === 'remove';
}

function isReferred({ versions, deployments }: Moment, revision: string): boolean {
  const isKept = versions.some((it) => it.revision === revision && it.state !== 'Removed');
  const isIntended = deployments.some(
    ({ endedAtMs, intents }) => endedAtMs === null && intents.some(({ name }) => name === revision),
  );
  return isKept || isIntended;
}
