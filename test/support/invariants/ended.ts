import type { Change } from '../faults/history.ts';
import type { Moment } from '../faults/moment.ts';
import type { Invariant } from './invariant.ts';

const HOUR_MS = 3_600_000;
/** How much longer than undisturbed a run may take: one lease, a step that waits four hours for its turn, the attempts of a deployment, the sweeps between them. */
const LONGEST_DELAY_MS = 6 * HOUR_MS;
/** How much longer for each further fault: it may befall the step that waits for its turn, which then waits again. */
const EACH_FURTHER_MS = 4 * HOUR_MS;
/** One that finds what is left, one that takes it away. */
const SWEEPS = 2;
/** The sweeps of an hour: where a second fault befalls what a sweep asked for, the next one asks again. */
const SWEEPS_OF_AN_HOUR = 4;

/** The rules about who may change what, and about what a run has left when nothing goes on any more. */
export const ENDED = {
  /** Registry, router, what clients get and what runs agree on one live version. */
  I7: ({ run: { digest } }) => {
    const { live, told, served, running, versions } = digest;
    const due = JSON.stringify(live === null ? {} : { [live]: 100 });
    const states = versions.filter((it) => it.endsWith(' Live'));
    return [
      ...(JSON.stringify(told) === due ? [] : [`${live} is live, the router has ${text(told)}`]),
      ...(JSON.stringify(served) === due ? [] : [`${live} is live, clients get ${text(served)}`]),
      ...(text(running) === text(live === null ? [] : [live]) ? [] : [`${running} run`]),
      ...(states.length === (live === null ? 0 : 1) ? [] : [`${states} at once`]),
    ];
  },

  /** A change under a lower epoch than one before it is refused, and a lease changes hands only with a higher one. */
  I8: ({ run: { history } }) => [
    ...overtaken(history.changes),
    ...history.moments.flatMap(({ lease }, index) => {
      const before = history.moments[index - 1]?.lease;
      if (!lease || !before) return [];
      const isOther = before.holder && lease.holder?.execution !== before.holder.execution;
      const isSilent = isOther && lease.holder && lease.epoch === before.epoch;
      return lease.epoch < before.epoch || isSilent
        ? [`epoch ${before.epoch} is followed by ${lease.epoch} of ${lease.holder?.execution}`]
        : [];
    }),
  ],

  /** The live version is the one that went live last, uploads go live in their order, and none that answers wrong. */
  I9: ({ run: { told, digest, history, scenario } }) => {
    const live = told.filter(({ state }) => state === 'Live');
    const uploads = live.filter(({ data }) => data['kind'] === 'deploy').map((it) => it.version);
    const isOrdered = uploads.every((version, at) => at === 0 || version! > uploads[at - 1]!);
    const last = `digits-v${live.at(-1)?.version}`;
    return [
      ...(isOrdered ? [] : [`versions ${uploads} went live in this order`]),
      ...(digest.live === null || digest.live === last ? [] : [`${digest.live}, not ${last}`]),
      ...(history.moments.some(({ live }, at) => {
        const isNew = live?.revision !== history.moments[at - 1]?.live?.revision;
        return at > 0 && isNew && live?.revision === scenario.bad && live !== null;
      })
        ? [`${scenario.bad} went live, though it answers wrong`]
        : []),
    ];
  },

  /** An upload gets one version number and one revision. */
  I11: ({ run: { history, told } }) => {
    const admitted = told.filter(({ state, data }) => state === 'Admitted' && isUpload(data));
    const versions = admitted.map(({ version }) => version);
    const created = history.changes.filter(({ method }) => method === 'create');
    const makers = new Set(created.map(({ madeBy }) => madeBy));
    const made = new Set(created.map(({ subject }) => subject));
    return [
      ...(new Set(versions).size === versions.length ? [] : [`versions ${versions}`]),
      ...(made.size === makers.size ? [] : [`${makers.size} deployments made ${[...made]}`]),
    ];
  },

  /** A fault of a call leaves the world as if the call had had none. */
  I12: ({ run, reference, isSame }) =>
    !isSame || text(run.digest) === text(reference.digest)
      ? []
      : [`left ${text(run.digest)}, not ${text(reference.digest)}`],

  /** A call that is repeated, as nobody knows what became of it, moves no traffic and announces nothing twice. */
  I13: ({ run, reference, isSame }) => {
    if (!isSame) return [];
    const [served, due] = [run, reference].map((it) => text(servedIn(it.history.moments)));
    const [told, dueTold] = [run, reference].map((it) => text(it.told.map(({ state }) => state)));
    const isRepeated = run.fired.every(({ kind }) => REPEATED.includes(kind));
    return [
      ...(served === due ? [] : [`clients got ${served}, not ${due}`]),
      ...(!isRepeated || told === dueTold ? [] : [`told ${told}, not ${dueTold}`]),
    ];
  },

  /** A deployment that has ended can be asked for again, and nothing happens. */
  I14: ({ run: { digest, repeated, isQuiet } }) => [
    ...(text(repeated) === text(digest) ? [] : [`asked for again: ${text(repeated)}`]),
    ...(isQuiet ? [] : ['the sweep never comes to rest']),
  ],

  /** Each deployment ends, in time. */
  I15: ({ run, reference }) => [
    ...run.unended,
    ...(run.tookMs - reference.tookMs <= longestDelayMs(run.fired.length)
      ? []
      : [`took ${run.tookMs} ms`]),
  ],

  /** The lease is free at the end, after no more than some sweeps. */
  I18: ({ run: { history, sweeps, fired } }) => {
    const holder = history.moments.at(-1)?.lease?.holder;
    return [
      ...(holder ? [`${holder.deploymentId} still holds the lease`] : []),
      ...(sweeps <= mostSweeps(fired.length) ? [] : [`it took ${sweeps} sweeps`]),
    ];
  },

  /** The next upload goes live, with nobody's help. */
  I19: ({ run: { next } }) =>
    next.ends.at(-1) === 'Live' && next.live !== null
      ? []
      : [`the next upload ${next.ends.at(-1)}`],
} as const satisfies Readonly<Record<string, Invariant>>;

function longestDelayMs(faults: number): number {
  return LONGEST_DELAY_MS + Math.max(0, faults - 1) * EACH_FURTHER_MS;
}

function mostSweeps(faults: number): number {
  return SWEEPS + faults + (faults > 1 ? SWEEPS_OF_AN_HOUR : 0);
}

const REPEATED: readonly string[] = ['error before', 'throttled', 'reply lost', 'twice'];

/** The answers that clients got, one after the other. */
function servedIn(moments: readonly Moment[]): readonly string[] {
  const all = moments.map(({ served }) => text(served));
  return all.filter((served, index) => served !== all[index - 1]);
}

function overtaken(changes: readonly Change[]): readonly string[] {
  const greatest = new Map<string, number>();
  return changes.flatMap(({ port, method, subject, epoch, isDone }) => {
    const known = greatest.get(port) ?? epoch;
    if (isDone) greatest.set(port, Math.max(known, epoch));
    return isDone && epoch < known
      ? [`${port}.${method} of ${subject} under ${epoch}, after ${known}`]
      : [];
  });
}

const isUpload = (data: Readonly<Record<string, unknown>>) =>
  (data['kind'] ?? 'deploy') === 'deploy';

const text = (value: unknown) => JSON.stringify(value);
