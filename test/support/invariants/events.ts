import { endings } from '../worlds/complaints.ts';
import type { Invariant } from './invariant.ts';

// A step with its Choice has these events: entered, scheduled, started, succeeded, exited, and the same for the Choice and for a Wait before it.
const HISTORY_EVENTS_PER_STEP = 9;
const MOST_HISTORY_EVENTS = 2500;
const MOST_PAYLOAD_BYTES = 32 * 1024;

/** The rules about the events, and about the size of an execution. */
export const EVENTS = {
  /** Each deployment announces its admission first, unless that is its end, and one end, and counts its events without a gap. */
  I24: ({ run: { told } }) =>
    [...new Set(told.map(({ deploymentId }) => deploymentId))].flatMap((id) => {
      const own = told.filter(({ deploymentId }) => deploymentId === id);
      const ends = endings(own);
      const isCounted = own.every(({ sequence }, index) => sequence === index + 1);
      return [
        ...(own[0]?.state === 'Admitted' || own.length === 1
          ? []
          : [`${id} begins with ${own[0]?.state}`]),
        ...(ends.length === 1 ? [] : [`${id} has ended as ${ends.join(' and ') || 'nothing'}`]),
        ...(isCounted ? [] : [`the events of ${id} are not counted in order`]),
      ];
    }),

  /** An event is true in the registry at that moment: who is live, and the phase of its deployment. */
  I25: ({ run: { told, history } }) =>
    history.moments.flatMap((moment, index) => {
      const before = history.moments[index - 1]?.events ?? moment.events;
      if (before === moment.events) return [];
      const news = told.slice(before, moment.events);
      return news.flatMap(({ deploymentId, version, state }) => {
        const phase = moment.deployments.find(({ id }) => id === deploymentId)?.phase;
        const isVersion = state === 'Retired' || state === 'Removed';
        return [
          ...(isVersion || phase === state ? [] : [`${state} was told of a ${phase} deployment`]),
          ...(state !== 'Live' || moment.live?.version === version
            ? []
            : [`version ${version} was told Live; ${moment.live?.revision} is`]),
        ];
      });
    }),

  /** No execution comes near the limits of Step Functions. */
  I26: ({ run: { longest, payloadBytes } }) => [
    ...(longest * HISTORY_EVENTS_PER_STEP <= MOST_HISTORY_EVENTS ? [] : [`${longest} steps`]),
    ...(payloadBytes <= MOST_PAYLOAD_BYTES ? [] : [`a payload of ${payloadBytes} bytes`]),
  ],
} as const satisfies Readonly<Record<string, Invariant>>;
