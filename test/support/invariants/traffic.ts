import type { Deployment } from '#domain/deployment.ts';
import type { Moment } from '../faults/moment.ts';
import type { Invariant } from './invariant.ts';

/** The rules about the answers that clients get, at each moment of a run. */
export const TRAFFIC = {
  /** After a version went live, at each moment some version with traffic would answer. */
  I1: ({ run }) =>
    afterLive(run.history.moments)
      .filter(({ served, serving }) => !Object.keys(served).some((it) => serving.includes(it)))
      .map((moment) => `nobody answers ${at(moment)}`),

  /** A revision with traffic exists, runs, was proven, and is live or on its way to be. */
  I2: ({ run }) =>
    run.history.moments.flatMap((moment) => [
      ...Object.keys(moment.served)
        .filter((revision) => !moment.serving.includes(revision))
        .map((revision) => `clients get ${revision}, which does not answer, ${at(moment)}`),
      ...Object.keys(moment.told)
        .filter((revision) => !mayServe(moment, revision, run.scenario.bad))
        .map((revision) => `${revision} has traffic, but nothing gave it any, ${at(moment)}`),
    ]),

  /** No revision is stopped or removed while clients get it, or while it still answers their requests. */
  I3: ({ run }) =>
    run.history.changes
      .filter(({ port, method }) => port !== 'router' && ['retire', 'remove'].includes(method))
      .filter(({ isDone }) => isDone)
      .filter(({ served, subject, isDraining }) => isDraining || Object.hasOwn(served, subject))
      .map(({ method, subject }) => `${method} of ${subject} while clients get it`),

  /** The route of a live model sends all traffic somewhere, to two revisions at most. */
  I4: ({ run }) =>
    afterLive(run.history.moments)
      .filter(({ told }) => {
        const shares = Object.values(told);
        return shares.length > 2 || shares.reduce((sum, share) => sum + share, 0) === 0;
      })
      .map((moment) => `the shares are ${JSON.stringify(moment.told)} ${at(moment)}`),

  /** Each request to a live model's endpoint is answered, by a revision that had traffic then. */
  I5: ({ run }) =>
    run.history.probes
      .filter(({ isLive }) => isLive)
      .flatMap(({ answer, served }) => {
        if (answer.kind === 'none') return [`no answer: ${answer.reason}`];
        const isKnown = answer.revision !== null && Object.hasOwn(served, answer.revision);
        return isKnown && answer.status < 500
          ? []
          : [`${answer.revision} answered ${answer.status}; clients get ${JSON.stringify(served)}`];
      }),

  /** A model without a live version has no route. */
  I6: ({ run: { digest } }) =>
    digest.live === null && Object.keys({ ...digest.told, ...digest.served }).length > 0
      ? [`nothing is live, and clients get ${JSON.stringify(digest.served)}`]
      : [],

  /** When a deployment is rolled back, all traffic is on the live version, which answers; on another only while that is bad. */
  I21: ({ run }) =>
    rolledBack(run.history.moments)
      .filter(({ live, told, serving }) => {
        const served = Object.keys(told);
        if (live === null) return served.length > 0;
        const isBack = served.join() === live.revision || live.revision === run.scenario.bad;
        return !isBack || served.length !== 1 || !served.every((it) => serving.includes(it));
      })
      .map((moment) => `rolled back with the shares ${JSON.stringify(moment.told)}`),

  /** Traffic is never moved to a bad revision by going back, while another is there. */
  I22: ({ run }) => {
    const { bad } = run.scenario;
    const { moments } = run.history;
    return moments
      .filter(({ told, deployments, serving }, index) => {
        const isGoingBack = deployments.some(({ phase }) => phase === 'RollingBack');
        const isMoved = JSON.stringify(told) !== JSON.stringify(moments[index - 1]?.told);
        const isToBad = Object.keys(told).some((it) => it === bad);
        return isGoingBack && isMoved && isToBad && serving.some((it) => it !== bad);
      })
      .map((moment) => `went back to ${bad} ${at(moment)}`);
  },
} as const satisfies Readonly<Record<string, Invariant>>;

/** The moments from the first with a live version until it is undeployed. */
function afterLive(moments: readonly Moment[]): readonly Moment[] {
  return moments.filter(({ live, deployments }) => live && !deployments.some(isUndeploy));
}

const isUndeploy = ({ kind, phase }: Deployment) => kind === 'undeploy' && phase !== 'Admitted';

/** The first moment of each deployment that was rolled back. */
function rolledBack(moments: readonly Moment[]): readonly Moment[] {
  const is = (moment: Moment | undefined) =>
    moment?.deployments.some(({ phase }) => phase === 'RolledBack') === true;
  return moments.filter((moment, index) => is(moment) && !is(moments[index - 1]));
}

const SHIFTING: readonly string[] = ['Shifting', 'Baking', 'RollingBack'];

function mayServe(
  { live, deployments, served }: Moment,
  revision: string,
  bad: string | undefined,
): boolean {
  if (live?.revision === revision) return true;
  return deployments.some(({ phase, kind, work, trouble }) => {
    // One that nobody took up again keeps its traffic until the next sweep.
    const isDegraded = phase === 'Failed' && trouble?.name === 'ExecutionEnded';
    if (kind === 'undeploy') return Object.hasOwn(served, revision);
    // A revision that answers is kept before a live version that does not.
    const isKept = phase === 'RolledBack' && live?.revision === bad;
    if (!SHIFTING.includes(phase) && !isDegraded && !isKept) return false;
    const isOwn = work.candidate?.revision === revision && work.golden !== undefined;
    return isOwn || work.shift?.previous?.revision === revision;
  });
}

function at({ after, atMs }: Moment): string {
  return `after ${after} at ${new Date(atMs).toISOString()}`;
}
