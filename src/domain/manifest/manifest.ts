import * as z from 'zod/mini';
import { TARGETS } from '#domain/placement/target.ts';
import { captureSchema } from './capture.ts';
import { gateSchema } from './gate.ts';
import { buildSchema, entrypoint, modelSchema, runtimeSchema } from './model.ts';
import { rolloutSchema } from './rollout.ts';
import { scalingSchema } from './scaling.ts';
import { trafficSchema } from './traffic.ts';

const LEAST_MEMORY_MIB = 128;
const MOST_MEMORY_MIB = 1024 * 1024;
const MEMORY_FORM = 'expected a size such as 512Mi or 2Gi';
const MIB_PER_UNIT = { Mi: 1, Gi: 1024 } as const;
const NO_GPU = 'none';
/** Requests the cheapest GPU that holds the model. */
export const ANY_GPU = 'any';

const ACCELERATOR_FORM = 'expected `none`, `any`, or a GPU and a count: T4, L4:1, A10G:4';

const EXTRA_COLUMNS = ['ignore', 'refuse'] as const;
const BATCHING = ['auto', 'off'] as const;

// Clients of OpenAI's API name models in these forms: `gpt-4o`, `meta-llama/Llama-3.1-8B-Instruct`, `ft:gpt-4o:org::id`.
const ALIAS_FORM =
  'expected a name of up to 128 letters, digits and ._:/@+-, beginning with a letter or digit';
const alias = z
  .string({ error: ALIAS_FORM })
  .check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$/, { error: ALIAS_FORM }));

const example = z.strictObject({
  request: z
    .unknown()
    .check(
      z.describe(
        'The request: an Open Inference request if `inputs` is a list of tensors, else a body for /invocations.',
      ),
    ),
  expect: z.exactOptional(
    z
      .unknown()
      .check(
        z.describe(
          'The content that the answer must have; it may have more. Items of a list that have a `name` are compared by name.',
        ),
      ),
  ),
  rtol: z
    ._default(z.number().check(z.gte(0), z.lte(1)), 1e-4)
    .check(
      z.describe(
        'Relative tolerance: how far a number may be from the expected one, as a fraction of it.',
      ),
    ),
});

// AWS reserves values that begin with aws:. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html
const TEAM_FORM =
  'expected letters, digits, spaces and _.:/=+@-, 128 at most and without aws: in front, as the tags of AWS take them';
const team = z.string({ error: TEAM_FORM }).check(
  z.regex(
    /^(?![aA][wW][sS]:)[A-Za-z0-9_.:/=+@-]([A-Za-z0-9 _.:/=+@-]{0,126}[A-Za-z0-9_.:/=+@-])?$/,
    {
      error: TEAM_FORM,
    },
  ),
  z.describe(
    "The team that pays for the model: the tag `slipway:team` on everything that is made for it in AWS. By default the stack's parameter `team`.",
  ),
);

const memory = z.string({ error: MEMORY_FORM }).check(
  z.regex(/^[1-9][0-9]{0,6}(Mi|Gi)$/, { error: MEMORY_FORM }),
  z.refine((quantity) => isPossible(quantity), {
    error: `the limits are ${LEAST_MEMORY_MIB}Mi and ${MOST_MEMORY_MIB / 1024}Gi`,
  }),
  z.describe(
    'Memory of one replica, from 128Mi; by default estimated from the model. Lambda has up to 10Gi, Fargate 120Gi.',
  ),
);

const accelerator = z
  .string({ error: ACCELERATOR_FORM })
  .check(
    z.regex(/^(none|any|[A-Z][A-Za-z0-9 ]*(:[1-8])?)$/, { error: ACCELERATOR_FORM }),
    z.describe(
      'The GPU that the model needs, and how many: T4, L4:1, A10G:4; `any` takes the cheapest whose memory holds a language model; or none. By default none, or `any` if a stack has vLLM and the model is too large for a CPU.',
    ),
  );

/** How Slipway answers when another placement costs less for the requests that a model got. */
const MOVES = ['advise', 'auto', 'never'] as const;

export type Move = (typeof MOVES)[number];

/** How Slipway answers when a model has cost as much as it may in a month. */
const OVERSPENT = ['event', 'fewer', 'refuse'] as const;

export type Overspent = (typeof OVERSPENT)[number];

const placement = z
  .strictObject({
    target: z
      ._default(z.enum(['auto', ...TARGETS]), 'auto')
      .check(
        z.describe(
          'Where to run; by default the target with the lowest bill for `traffic` or, without measurements, the first that can hold the model.',
        ),
      ),
    allow: z
      ._default(z.array(z.enum(TARGETS)).check(z.minLength(1)), [...TARGETS])
      .check(z.describe('The targets to choose from.')),
    allowCpu: z
      ._default(z.boolean(), false)
      .check(
        z.describe('Whether a model that asks for a GPU may run on a CPU if there is no GPU.'),
      ),
    move: z
      ._default(z.enum(MOVES), 'advise')
      .check(
        z.describe(
          'When another placement costs at least a tenth and $5 a month less for the requests that the model got: `advise` says so in `slipway status` and by an event, `auto` also moves it there (in an account), `never` is silent.',
        ),
      ),
    overspent: z
      ._default(z.enum(OVERSPENT), 'event')
      .check(
        z.describe(
          "When the requests of a month have cost the stack's `maxMonthlyUsd`: `event` says so, `fewer` also limits the replicas (on Lambda the concurrent executions, down to none) so that the cap holds, `refuse` also rejects new versions until the month ends.",
        ),
      ),
  })
  .check(
    z.refine(({ target, allow }) => target === 'auto' || allow.includes(target), {
      path: ['target'],
      error: 'placement.allow does not include it; remove one of the two',
    }),
  );

/**
 * A model's manifest, `model.yaml`: one schema for its type, its validation and docs/model.schema.json.
 * All keys are optional, an unknown key is an error. Each version adds the keys it uses.
 */
export const manifestSchema = z
  .strictObject({
    examples: z
      ._default(z.array(example), [])
      .check(z.describe('Requests the model answers. The first proves a new version healthy.')),
    team: z.exactOptional(team),
    model: z.prefault(modelSchema, {}),
    runtime: z.prefault(runtimeSchema, {}),
    build: z.prefault(buildSchema, {}),
    entrypoint: z.exactOptional(entrypoint),
    server: z.prefault(
      z.strictObject({
        startupTimeoutSeconds: z
          ._default(z.int().check(z.gte(1), z.lte(3600)), 300)
          .check(z.describe('How long the model server may take to become ready.')),
        extraColumns: z
          ._default(z.enum(EXTRA_COLUMNS), 'ignore')
          .check(
            z.describe(
              'The treatment of columns of a request that the model does not have: `ignore` answers without them and names them in the header x-slipway-warning, `refuse` answers 400.',
            ),
          ),
        batching: z
          ._default(z.enum(BATCHING), 'auto')
          .check(
            z.describe(
              'Whether requests that wait for the model may be answered in one run: `auto` does so where the build has shown that it costs less and that each row is answered as it is alone, `off` never.',
            ),
          ),
        aliases: z.exactOptional(
          z
            .array(alias)
            .check(
              z.minLength(1),
              z.maxLength(20),
              z.describe(
                "Other names by which requests of OpenAI's API may name the model; any other name is answered 404.",
              ),
            ),
        ),
      }),
      {},
    ),
    resources: z.prefault(
      z.strictObject({
        memory: z.exactOptional(memory),
        accelerator: z.exactOptional(accelerator),
      }),
      {},
    ),
    placement: z.prefault(placement, {}),
    scaling: z.prefault(scalingSchema, {}),
    traffic: z.exactOptional(trafficSchema),
    rollout: z.prefault(rolloutSchema, {}),
    gate: z.prefault(gateSchema, {}),
    capture: z.exactOptional(captureSchema),
  })
  .check(z.describe('Manifest of a Slipway model.'));

export type Manifest = Readonly<z.infer<typeof manifestSchema>>;

/** How to treat columns of a request that the model does not have. */
export type ExtraColumns = (typeof EXTRA_COLUMNS)[number];

/** A GPU by its AWS name, or `any`, and how many of it one replica needs. */
export type Accelerator = { readonly name: string; readonly count: number };

/** The memory (MiB) that the manifest requests, or null. */
export function memoryMiB({ resources }: Manifest): number | null {
  return resources.memory === undefined ? null : mebibytes(resources.memory);
}

/** The GPU that the manifest requests, or null. */
export function acceleratorOf({ resources }: Manifest): Accelerator | null {
  const [name = NO_GPU, count = '1'] = resources.accelerator?.split(':') ?? [];
  return name === NO_GPU ? null : { name, count: Number.parseInt(count, 10) };
}

/** `quantity` is in Kubernetes notation, in Mi or Gi. */
function mebibytes(quantity: string): number {
  const unit = quantity.endsWith('Gi') ? 'Gi' : 'Mi';
  return Number.parseInt(quantity, 10) * MIB_PER_UNIT[unit];
}

function isPossible(quantity: string): boolean {
  const size = mebibytes(quantity);
  return size >= LEAST_MEMORY_MIB && size <= MOST_MEMORY_MIB;
}
