import * as z from 'zod/mini';
import { MODEL_NAME } from '#domain/identity.ts';
import { release } from '#domain/promotion/release.ts';
import { captureState, feedbackTaken, forgotten, keptRequest } from './capture.ts';
import { versionDiff } from './comparison.ts';
import { backupLine, pruneLine, scrubLine, storage } from './data-folder.ts';
import { deployment } from './deployment.ts';
import { explanation } from './explanation.ts';
import {
  asked,
  builds,
  consoleLink,
  consoleSession,
  failing,
  healthy,
  model,
  modelLog,
  models,
  objects,
  refused,
  removed,
  steps,
  traffic,
  uploaded,
  uploadProgress,
  versions,
  workflowGraph,
} from './models.ts';
import type { Control, Operations } from './operation.ts';
import { cursoredEvent } from './streams.ts';
import { verdict } from './values.ts';

/** The most events that one request may ask to begin with. */
export const MOST_LAST_EVENTS = 1000;

/** The most lines of a log that one request may ask for. */
export const MOST_LOG_LINES = 10_000;

const said = <Schema extends z.ZodMiniType>(schema: Schema, description: string) =>
  schema.check(z.describe(description));

// The second line of a message says what to do.
const A_VERSION = 'is not a version\nA version is a whole number, 1 or greater.';
const A_FLAG = 'is neither true nor false\nSay true, or false, or leave it out.';
const LINES = `is not a number of lines\nAsk for 1 to ${MOST_LOG_LINES.toLocaleString('en-US')} lines.`;
const A_TIME = 'is not a time\nGive it as ISO 8601: 2026-01-02T03:04:05Z.';

const LAST = `is not a number of events\nAsk for 1 to ${MOST_LAST_EVENTS.toLocaleString('en-US')} events.`;

const text = z.string().check(z.minLength(1));
const number = z.int(A_VERSION).check(z.positive(A_VERSION));
const flag = z._default(z.boolean(A_FLAG), false);
const since = z.string().check(
  z.refine((time) => !Number.isNaN(Date.parse(time)), A_TIME),
  z.meta({
    format: 'date-time',
    description: 'No line that was written before then (ISO 8601).',
  }),
);
const tail = z
  .int(LINES)
  .check(
    z.gte(1, LINES),
    z.lte(MOST_LOG_LINES, LINES),
    z.describe('The most lines; 200 if not said, 10,000 where `since` is.'),
  );

const last = z.int(LAST).check(z.gte(1, LAST), z.lte(MOST_LAST_EVENTS, LAST));

const BYTES = 'is not a number of bytes\nGive a whole number, 0 or greater.';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const MINUTES = 'is not a number of minutes\nAsk for 1 to 180 minutes.';
const minutes = z.int(MINUTES).check(z.gte(1, MINUTES), z.lte(180, MINUTES));

// A name of another form belongs to no model: the answer says which model was probably meant.
const named = z.object({ name: z.string().check(z.meta({ pattern: MODEL_NAME.source })) });
const key = z.object({
  key: said(z.string(), 'May have slashes, as in `models/digits/digits.onnx`.'),
});
const id = z.string().check(z.meta({ pattern: '^[0-9a-f]{32}$' }));
const upload = z.object({
  id: said(
    z
      .string()
      .check(z.regex(UUID, 'is not a UUID\nMake one for each object, and keep it until the end.')),
    'Of its sender, who makes one for each object.',
  ),
});
const size = z.int(BYTES).check(z.nonnegative(BYTES));
const which = (description: string) => z.object({ version: z.optional(said(number, description)) });

const json = <Schema extends z.ZodMiniType>(schema: Schema) => ({ kind: 'json', schema }) as const;
const lines = <Schema extends z.ZodMiniType>(schema: Schema) =>
  ({ kind: 'lines', schema }) as const;

const BEGUN = 'It has begun, or there is nothing to do.';
const PROGRESS =
  'One line of JSON for each step, with `progress`; the last one has `result`, or `failure`.';

/** The operations that every Slipway has, wherever it runs. */
export const everywhere = {
  listModels: {
    method: 'GET',
    path: '/models',
    summary: 'All models, by name.',
    says: 'The models.',
    answer: json(models),
  },
  listRefused: {
    method: 'GET',
    path: '/refused',
    summary:
      'Drops that were refused or ignored as they came, and by whose name there is no model.',
    says: 'The newest of each name, newest first, at most five of the newest 200 events.',
    answer: json(refused),
  },
  readModel: {
    method: 'GET',
    path: '/models/{name}',
    summary: 'One model.',
    params: named,
    says: 'The model.',
    answer: json(model),
  },
  readLogs: {
    method: 'GET',
    path: '/models/{name}/logs',
    summary:
      "The last lines that the model's newest revision wrote; without one, of the live revision, and of a newer build that runs or has failed.",
    params: named,
    query: z.object({ tail: z.optional(tail), since: z.optional(since) }),
    says: 'The lines, oldest first, each behind the time when it was written (ISO 8601, UTC).',
    answer: json(modelLog),
  },
  listVersions: {
    method: 'GET',
    path: '/models/{name}/versions',
    summary: 'The versions that went live, newest first.',
    params: named,
    says: 'The versions.',
    answer: json(versions),
  },
  explainVersion: {
    method: 'GET',
    path: '/models/{name}/explain',
    summary: 'Why a version runs where it runs, and how it was proven.',
    params: named,
    query: which("Which one; else the live one, or where none is live the newest deployment's."),
    says: 'What was decided and found.',
    answer: json(explanation),
  },
  diffVersions: {
    method: 'GET',
    path: '/models/{name}/diff',
    summary: 'How two versions differ.',
    params: named,
    query: z.object({
      from: z.optional(said(number, 'Else the one that was live before `to`.')),
      to: z.optional(said(number, 'Else the live one.')),
    }),
    says: 'The differences.',
    answer: json(versionDiff),
  },
  readCapture: {
    method: 'GET',
    path: '/models/{name}/capture',
    summary: 'What is kept of the requests of clients.',
    params: named,
    says: 'By day: how many there were, were kept, and were not.',
    answer: json(captureState),
  },
  exportCapture: {
    method: 'GET',
    path: '/models/{name}/capture/requests',
    summary: 'The kept requests, opened.',
    params: named,
    says: 'One line of JSON for each, the newest first.',
    answer: lines(keptRequest),
  },
  forgetCapture: {
    method: 'DELETE',
    path: '/models/{name}/capture',
    summary: 'Forgets kept requests, by dropping the keys that open them.',
    params: named,
    query: z.object({ day: z.optional(said(text, 'The day, as 2026-01-31; else all.')) }),
    says: 'They cannot be opened any more.',
    answer: json(forgotten),
  },
  giveFeedback: {
    method: 'POST',
    path: '/models/{name}/feedback',
    summary: 'Says what answers to kept requests should have been.',
    description:
      'The body has one line of JSON for each request: its `id`, which is the `x-request-id` of its answer, and its `truth`. At most 10 MB.',
    params: named,
    takesBytes: true,
    says: 'How many were joined.',
    answer: json(feedbackTaken),
  },
  readTraffic: {
    method: 'GET',
    path: '/models/{name}/traffic',
    summary:
      'How the requests of a model went in its last minutes: how many, how fast, by which revision.',
    params: named,
    query: z.object({ minutes: z._default(minutes, 15) }),
    says: 'The requests, in pieces of some seconds; in an account of a minute, as CloudWatch counts them, a minute or two late.',
    answer: json(traffic),
  },
  rollBack: {
    method: 'POST',
    path: '/models/{name}/rollback',
    summary: 'Makes a kept version live again.',
    description:
      'Without `to` it is the one that was live before, and a deployment that is under way is aborted instead.',
    params: named,
    query: z.object({ to: z.optional(said(number, 'The version that is to be live.')) }),
    says: BEGUN,
    answer: json(asked),
  },
  abort: {
    method: 'POST',
    path: '/models/{name}/abort',
    summary: 'Gives up the deployment that is under way.',
    params: named,
    says: BEGUN,
    answer: json(asked),
  },
  undeploy: {
    method: 'POST',
    path: '/models/{name}/undeploy',
    summary: 'Takes all of a model away but its artifacts and its history.',
    params: named,
    says: BEGUN,
    answer: json(asked),
  },
  readRelease: {
    method: 'GET',
    path: '/models/{name}/release',
    summary:
      'A version for another Slipway, with what was found of it here; `slipway promote` brings it there.',
    params: named,
    query: z.object({
      version: z.optional(said(number, 'Which one; else the live one.')),
      place: z._default(said(z.string(), 'What this Slipway is called there.'), 'this machine'),
    }),
    says: 'The release, for a Slipway of the same version.',
    answer: json(release),
  },
  promote: {
    method: 'POST',
    path: '/promotions',
    summary: 'Makes a version live whose files were uploaded below promotions/ before.',
    query: z.object({
      model: text,
      key: said(text, 'The key of the object that holds the release.'),
      versionId: text,
      needsApproval: said(
        flag,
        'Whether a person is to approve it, whatever this Slipway asks for.',
      ),
    }),
    says: 'It has begun.',
    answer: json(asked),
  },
  answerPromotion: {
    method: 'POST',
    path: '/models/{name}/answer',
    summary: 'Approves or refuses the promotion, or the compared version, that waits for it.',
    params: named,
    query: z.object({
      version: number,
      verdict,
      digest: said(
        text,
        "What was looked at: the promotion's digest, or the compared version's revision; another is 409.",
      ),
      force: said(flag, 'Whether it is approved although it is broken.'),
      by: said(text, 'Who answers.'),
    }),
    says: 'It is recorded.',
    answer: json(asked),
  },
  readDeployment: {
    method: 'GET',
    path: '/deployments/{id}',
    summary: 'One run of the workflow, as the registry keeps it.',
    params: z.object({ id }),
    says: 'The deployment.',
    answer: json(deployment),
  },
  readSteps: {
    method: 'GET',
    path: '/deployments/{id}/steps',
    summary: 'The steps that the workflow of a deployment has run, in its newest attempt.',
    params: z.object({ id }),
    says: 'The steps, oldest first.',
    answer: json(steps),
  },
  readWorkflow: {
    method: 'GET',
    path: '/workflows/{workflow}',
    summary: 'A workflow as a graph, from its own definition.',
    params: z.object({ workflow: z.enum(['deploy', 'promote', 'rollback', 'undeploy']) }),
    says: 'The graph.',
    answer: json(workflowGraph),
  },
  listBuilds: {
    method: 'GET',
    path: '/builds',
    summary: 'How the builds stand that wait or run, in the order in which they were asked for.',
    says: 'The builds.',
    answer: json(builds),
  },
  readEvents: {
    method: 'GET',
    path: '/events',
    summary: 'The events, oldest first, as server-sent events.',
    description:
      'Each message has the cursor of an event as its `id`, and the event, by event.schema.json, as its `data`.',
    query: z.object({
      model: z.optional(said(z.string(), 'Events of this model only.')),
      deployment: z.optional(said(id, 'Events of this deployment only.')),
      last: z.optional(said(last, 'Begins with the newest so many, where no cursor is given.')),
      follow: z._default(
        said(
          z.boolean(
            'is neither true nor false\nUse follow=false for the events so far; without it the stream stays open.',
          ),
          'If `false`, the answer ends with the last recorded event; otherwise it goes on with the events to come.',
        ),
        true,
      ),
    }),
    cursor: { header: 'Last-Event-ID', description: 'The cursor to go on after.' },
    says: 'The events.',
    answer: { kind: 'events', schema: cursoredEvent },
  },
  listObjects: {
    method: 'GET',
    path: '/objects',
    summary: "The keys of the bucket's objects, in order.",
    query: z.object({
      prefix: z._default(said(z.string(), 'Only those that begin with it.'), ''),
    }),
    says: 'The keys.',
    answer: json(objects),
  },
  removeObject: {
    method: 'DELETE',
    path: '/objects/{key}',
    summary:
      'Takes an object out of the bucket, but not the versions that deployments were made of. Nothing there is success.',
    params: key,
    says: 'It is not there.',
    answer: json(removed),
  },
} as const satisfies Operations;

/** The operations that only a Slipway on one machine has: for itself, its data folder, and the bytes of uploads, which an account's bucket takes itself. */
export const onOneMachine = {
  metrics: {
    method: 'GET',
    path: '/metrics',
    isOpen: true,
    summary:
      "Deployments by phase and outcome, for Prometheus. Those of requests are at the gateway's `/metrics`.",
    says: "Prometheus' text.",
    answer: { kind: 'text' },
  },
  health: {
    method: 'GET',
    path: '/healthz',
    isOpen: true,
    summary: 'Which process answers here, and whether it works as it should; for monitors.',
    description:
      'Answers 503 while the disk, the bucket, the registry or the walls are in trouble, or cannot be looked at.',
    says: 'It runs.',
    answer: json(healthy),
    otherwise: {
      status: 503,
      says: 'It runs, and says what keeps it from working as it should; what was live may be served all the same.',
      schema: failing,
    },
  },
  storage: {
    method: 'GET',
    path: '/storage',
    summary:
      'How many objects there are, how many bytes they hold, and how many of these a prune would free, as counted within the last ten minutes or so.',
    says: 'In bytes.',
    answer: json(storage),
  },
  scrub: {
    method: 'POST',
    path: '/scrub',
    summary:
      'Reads all objects and what builds made, and compares them with what they were stored as.',
    says: PROGRESS,
    answer: lines(scrubLine),
  },
  prune: {
    method: 'POST',
    path: '/prune',
    summary: 'Removes the objects that nothing needs.',
    query: z.object({ dryRun: flag }),
    says: PROGRESS,
    answer: lines(pruneLine),
  },
  backup: {
    method: 'POST',
    path: '/backup',
    summary: 'Copies the registry and what it needs to a folder.',
    query: z.object({
      to: said(text, 'The absolute path of a folder that is new or an earlier backup.'),
      link: said(flag, 'Links objects instead of copying them.'),
    }),
    says: PROGRESS,
    answer: lines(backupLine),
  },
  inviteToConsole: {
    method: 'POST',
    path: '/console/links',
    summary: 'A link that opens the console once.',
    says: 'The link.',
    answer: json(consoleLink),
  },
  openConsole: {
    method: 'POST',
    path: '/console/sessions',
    isOpen: true,
    summary: "Takes a link's code, once, and answers a token for the console that it opened.",
    query: z.object({ code: text }),
    says: 'The token.',
    answer: json(consoleSession),
  },
  putObject: {
    method: 'PUT',
    path: '/objects/{key}',
    summary: 'Puts an object in the bucket, whatever its content type.',
    params: key,
    takesBytes: true,
    says: "The object's new version.",
    answer: json(uploaded),
  },
  readUpload: {
    method: 'GET',
    path: '/uploads/{id}',
    summary: 'How much of an upload in pieces has arrived; whoever still sends it is cut off.',
    params: upload,
    says: 'How far it is; 0 for one that is not known.',
    answer: json(uploadProgress),
  },
  continueUpload: {
    method: 'PUT',
    path: '/uploads/{id}',
    summary:
      'Takes a piece of an object, from where its upload stands; the last one puts the object in the bucket.',
    description:
      'What has arrived of a piece stays when the connection is lost, also over a restart, for a day. A piece from elsewhere is 409.',
    params: upload,
    query: z.object({
      key: said(text, 'The key of the object.'),
      totalBytes: said(size, 'The size of the whole object.'),
      offset: said(size, 'How much of it was sent before.'),
    }),
    takesBytes: true,
    says: 'How far it is.',
    answer: json(uploadProgress),
  },
} as const satisfies Operations;

/** The control API of one machine. */
export const machineOperations = { ...onOneMachine, ...everywhere };

/** All operations of the control API of one machine, as functions. */
export type MachineControl = Control<typeof machineOperations>;
