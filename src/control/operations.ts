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
  calledHours,
  consoleLink,
  consoleSession,
  failing,
  healthy,
  keyMade,
  keyRevoked,
  keysKept,
  keyUse,
  model,
  modelLog,
  models,
  objects,
  refused,
  removed,
  steps,
  tagged,
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
    z.describe('The maximum number of lines; by default 200, or 10,000 with `since`.'),
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
    'The id that the sender makes for each object.',
  ),
});
/** The form of a tag. */
export const TAG = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,98}[A-Za-z0-9])?$/;
const TAG_FORM =
  'is not a tag\nUse 1 to 100 letters, digits, and inner dots, hyphens, underscores and slashes.';
const size = z.int(BYTES).check(z.nonnegative(BYTES));
const compared = {
  from: z.optional(
    said(number, 'By default the one that `to` was compared with, or the one live before it.'),
  ),
  to: z.optional(said(number, 'By default the live one.')),
};

/** To know what a million calls cost, the traffic of all models is read: in an account from CloudWatch. */
const costs = z.optional(
  said(z.boolean(A_FLAG), 'If `false`, `cost` is null, and the traffic of no model is read.'),
);

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
    query: z.object({ costs }),
    says: 'The models.',
    answer: json(models),
  },
  listRefused: {
    method: 'GET',
    path: '/refused',
    summary: 'Drops that were refused or ignored when they came, and have no model of their name.',
    says: 'The newest of each name, newest first, at most five of the newest 200 events.',
    answer: json(refused),
  },
  readModel: {
    method: 'GET',
    path: '/models/{name}',
    summary: 'One model.',
    params: named,
    query: z.object({ costs }),
    says: 'The model.',
    answer: json(model),
  },
  readLogs: {
    method: 'GET',
    path: '/models/{name}/logs',
    summary:
      "The last lines that the model's newest revision wrote; if it has none, those of the live revision, and of a newer build that runs or has failed.",
    params: named,
    query: z.object({ tail: z.optional(tail), since: z.optional(since) }),
    says: 'The lines, oldest first, each after the time when it was written (ISO 8601, UTC).',
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
    query: z.object({
      version: z.optional(
        said(
          number,
          'The version; by default the live one or, if none is live, that of the newest deployment.',
        ),
      ),
      measure: z.optional(
        said(
          z.boolean(A_FLAG),
          'If `false`, the server of a live version that no build has measured is not started to measure it, as one machine does by default.',
        ),
      ),
      costs: z.optional(
        said(
          z.boolean(A_FLAG),
          'If `false`, `bill` is absent, and the traffic of no other model is read.',
        ),
      ),
    }),
    says: 'The decisions of its deployment, and the facts that they rest on.',
    answer: json(explanation),
  },
  diffVersions: {
    method: 'GET',
    path: '/models/{name}/diff',
    summary: 'How two versions differ.',
    params: named,
    query: z.object(compared),
    says: 'The differences.',
    answer: json(versionDiff),
  },
  readReport: {
    method: 'GET',
    path: '/models/{name}/report',
    summary: 'How two versions differ, as a page that can be kept and sent.',
    params: named,
    query: z.object(compared),
    says: 'A page without scripts, which requests nothing.',
    answer: { kind: 'text', type: 'text/html' },
  },
  readCapture: {
    method: 'GET',
    path: '/models/{name}/capture',
    summary: 'The kept requests of clients, counted by day.',
    params: named,
    says: 'For each day: how many requests there were, and how many were kept or not.',
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
    query: z.object({
      day: z.optional(said(text, 'The day, as 2026-01-31; by default all days.')),
    }),
    says: 'They cannot be opened any more.',
    answer: json(forgotten),
  },
  giveFeedback: {
    method: 'POST',
    path: '/models/{name}/feedback',
    summary: 'Records the correct answers to kept requests.',
    description:
      'The body has one line of JSON for each request: its `id`, which is the `x-request-id` of its answer, and its `truth`. At most 10 MB.',
    params: named,
    takesBytes: true,
    says: 'How many kept requests got their correct answer.',
    answer: json(feedbackTaken),
  },
  readTraffic: {
    method: 'GET',
    path: '/models/{name}/traffic',
    summary:
      'The requests of a model in the last minutes: how many, how fast, and by which revision.',
    params: named,
    query: z.object({ minutes: z._default(minutes, 15) }),
    says: 'The requests, for every few seconds; in an account for every minute, as CloudWatch counts them, a minute or two late.',
    answer: json(traffic),
  },
  readDemand: {
    method: 'GET',
    path: '/models/{name}/demand',
    summary: 'The requests of the live version in the last two weeks, by the hour.',
    params: named,
    says: 'The hours in which it was called.',
    answer: json(calledHours),
  },
  tagVersion: {
    method: 'PUT',
    path: '/models/{name}/tags',
    summary: 'Names a version by a tag, which another version of the model loses.',
    params: named,
    query: z.object({
      tag: said(
        z.string().check(z.regex(TAG, TAG_FORM)),
        'Letters, digits, and within it dots, hyphens, underscores and slashes; at most 100.',
      ),
      version: z.optional(said(number, 'Without it no version has the tag any more.')),
    }),
    says: 'It is recorded.',
    answer: json(tagged),
  },
  rollBack: {
    method: 'POST',
    path: '/models/{name}/rollback',
    summary: 'Makes a kept version live again.',
    description:
      'Without `to` and `tag` it is the version that was live before. If a deployment is under way, that deployment is aborted instead.',
    params: named,
    query: z.object({
      to: z.optional(said(number, 'The version that is to be live.')),
      tag: z.optional(said(z.string(), 'Its tag, instead of its number.')),
    }),
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
    summary: 'Removes a model, but keeps its artifacts and its history.',
    params: named,
    says: BEGUN,
    answer: json(asked),
  },
  readRelease: {
    method: 'GET',
    path: '/models/{name}/release',
    summary:
      'A version for another Slipway, with all that is known about it here; `slipway promote` brings it there.',
    params: named,
    query: z.object({
      version: z.optional(said(number, 'The version; by default the live one.')),
      place: z._default(said(z.string(), 'The name of this Slipway there.'), 'this machine'),
    }),
    says: 'The release, for a Slipway of the same version.',
    answer: json(release),
  },
  promote: {
    method: 'POST',
    path: '/promotions',
    summary: 'Makes a version live from files that were uploaded below promotions/ before.',
    query: z.object({
      model: text,
      key: said(text, 'The key of the object that holds the release.'),
      versionId: text,
      needsApproval: said(
        flag,
        'Whether a person must approve it, even if this Slipway does not require that.',
      ),
    }),
    says: 'It has begun.',
    answer: json(asked),
  },
  answerPromotion: {
    method: 'POST',
    path: '/models/{name}/answer',
    summary: 'Approves or refuses the promotion, or the compared version, that waits for a person.',
    params: named,
    query: z.object({
      version: number,
      verdict,
      digest: said(
        text,
        'The digest of the promotion, or the revision of the compared version, that the person has looked at; if another one waits, the answer is 409.',
      ),
      force: said(flag, 'Approves it although it is broken.'),
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
    summary: 'The builds that wait or run, in the order in which they were requested.',
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
      last: z.optional(
        said(last, 'Begins with this many of the newest events, if there is no cursor.'),
      ),
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
    cursor: {
      header: 'Last-Event-ID',
      description: 'The cursor of the last event that was received.',
    },
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
      'Removes an object from the bucket, but keeps the versions from which deployments were made. It succeeds if there is no such object.',
    params: key,
    says: 'The object is not in the bucket.',
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
      "Metrics of deployments and of Slipway itself, for Prometheus. The metrics of requests are at the gateway's `/metrics`.",
    says: "Prometheus' text.",
    answer: { kind: 'text' },
  },
  health: {
    method: 'GET',
    path: '/healthz',
    isOpen: true,
    summary: 'Which process answers here, and whether it works as it should; for monitors.',
    description:
      'Answers 503 while the check of the disk, the bucket, the registry or the walls fails, or cannot be made.',
    says: 'It runs.',
    answer: json(healthy),
    otherwise: {
      status: 503,
      says: 'It runs, and says what keeps it from working as it should; live models may be served all the same.',
      schema: failing,
    },
  },
  storage: {
    method: 'GET',
    path: '/storage',
    summary:
      'The number of objects, their bytes, and the bytes that a prune would free; the figures are about ten minutes old at most.',
    says: 'In bytes.',
    answer: json(storage),
  },
  scrub: {
    method: 'POST',
    path: '/scrub',
    summary: 'Reads all objects and the results of builds, and compares them with their hashes.',
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
    summary: 'Copies the registry, and the files that it needs, to a folder.',
    query: z.object({
      to: said(text, 'The absolute path of a folder that is new or an earlier backup.'),
      link: said(flag, 'Links objects instead of copying them.'),
    }),
    says: PROGRESS,
    answer: lines(backupLine),
  },
  createKey: {
    method: 'POST',
    path: '/keys',
    summary:
      "Makes a key of the bucket's S3 API, and opens that API if it is not open yet; or a key to call models from other machines.",
    query: z.object({
      name: said(text, 'The name by which lists and the events of uploads show the key.'),
      models: z.optional(said(text, 'The models it is for, separated by commas.')),
      all: said(flag, 'It is for all models, and the whole bucket.'),
      use: z._default(said(keyUse, 'The use of the key.'), 's3'),
      roles: z.optional(
        said(
          text,
          'Its roles, separated by commas: see, drop, promote, call. By default call; for `s3` see and drop.',
        ),
      ),
      rate: z.optional(
        said(text, 'The most requests in a second or a minute, as 10/s or 600/min.'),
      ),
      expires: z.optional(said(text, 'When it expires: 12h, 30d, or a time in ISO 8601.')),
    }),
    says: 'The key, with its secret.',
    answer: json(keyMade),
  },
  listKeys: {
    method: 'GET',
    path: '/keys',
    summary: "The keys of the bucket's S3 API and of callers on other machines, oldest first.",
    says: 'The keys without their secrets.',
    answer: json(keysKept),
  },
  revokeKey: {
    method: 'DELETE',
    path: '/keys/{id}',
    summary: 'Ends a key.',
    params: z.object({ id: said(text, 'The id of the key.') }),
    says: 'No key has this id any more.',
    answer: json(keyRevoked),
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
    summary: 'Exchanges the code of a link, once, for a token of the console.',
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
    summary:
      'How much of an upload in pieces has arrived; a connection that still sends it is closed.',
    params: upload,
    says: 'How many bytes have arrived; 0 for an unknown upload.',
    answer: json(uploadProgress),
  },
  continueUpload: {
    method: 'PUT',
    path: '/uploads/{id}',
    summary: 'Takes the next piece of an object; the last one puts the object in the bucket.',
    description:
      'The bytes of a piece that have arrived are kept for a day, even if the connection is lost or Slipway restarts. A piece that does not begin where the upload stopped is answered 409.',
    params: upload,
    query: z.object({
      key: said(text, 'The key of the object.'),
      totalBytes: said(size, 'The size of the whole object.'),
      offset: said(size, 'How many bytes were sent before.'),
    }),
    takesBytes: true,
    says: 'How many bytes have arrived.',
    answer: json(uploadProgress),
  },
} as const satisfies Operations;

/** The control API of one machine. */
export const machineOperations = { ...onOneMachine, ...everywhere };

/** All operations of the control API of one machine, as functions. */
export type MachineControl = Control<typeof machineOperations>;
