import * as z from 'zod/mini';
import type { Phase } from './phase.ts';

/** The states a deployment announces; the last eight are terminal, and each deployment announces exactly one of those. */
const DEPLOYMENT_STATES = [
  'Admitted',
  'AwaitingApproval',
  'Waiting',
  'Inspected',
  'Building',
  'Provisioning',
  'Ready',
  'Compared',
  'Shifting',
  'Baking',
  'Undeploying',
  'Live',
  'Rejected',
  'Ignored',
  'Superseded',
  'Aborted',
  'Failed',
  'RolledBack',
  'Undeployed',
] as const satisfies readonly Exclude<Phase, 'RollingBack'>[];

/** The changes of a version after it went live; three concern its servers, and are reported at most once in 15 minutes each, however often they happen; `Advised` says that another placement costs less, `Overspent` that its requests have cost as much as they may. */
const VERSION_STATES = [
  'Retired',
  'Removed',
  'Damaged',
  'Mended',
  'Unhealthy',
  'Restarted',
  'OutOfMemory',
  'Advised',
  'Overspent',
] as const;

export type VersionChange = (typeof VERSION_STATES)[number];

const common = {
  schema: z.literal(1),
  eventId: z
    .string()
    .check(
      z.minLength(1),
      z.describe('Equal in every delivery of one event: drop the ones you have seen.'),
    ),
  sequence: z.int().check(z.positive(), z.describe('Counts the events of one deployment, from 1.')),
  deploymentId: z.string(),
  model: z.string(),
  version: z.nullable(z.int().check(z.positive())),
  time: z.iso.datetime(),
  reason: z
    .string()
    .check(
      z.describe(
        'The occurrence and its reason, in one sentence or two; empty when the state says it all.',
      ),
    ),
  fix: z.string().check(z.describe('The remedy; empty when there is nothing to do.')),
  data: z.record(z.string(), z.unknown()),
};

/**
 * The events that Slipway publishes, on EventBridge and on one machine alike; docs/event.schema.json is generated from this schema.
 * `Deployment State Change` reports a deployment's progress, `Version State Change` a version's later changes.
 */
export const slipwayEvent = z.discriminatedUnion('detail-type', [
  z.strictObject({
    source: z.literal('slipway'),
    'detail-type': z.literal('Deployment State Change'),
    detail: z.strictObject({ ...common, state: z.enum(DEPLOYMENT_STATES) }),
  }),
  z.strictObject({
    source: z.literal('slipway'),
    'detail-type': z.literal('Version State Change'),
    detail: z.strictObject({
      ...common,
      state: z.enum(VERSION_STATES),
    }),
  }),
]);

export type SlipwayEvent = z.infer<typeof slipwayEvent>;

/** The text that announces a change of phase; `data` holds numbers and names for programs. */
export type Announcement = {
  readonly reason?: string;
  readonly fix?: string;
  readonly data?: Readonly<Record<string, unknown>>;
};
