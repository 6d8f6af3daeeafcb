import * as z from 'zod/mini';
import { smokeTest } from '#domain/build/image.ts';
import { buildProof } from '#domain/build/proof.ts';
import { RUNTIME_NAMES } from '#domain/build/runtime.ts';
import { TARGETS } from '#domain/placement/target.ts';
import { PRICE_NAMES, SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';
import { comparison } from './comparison.ts';
import type { Frozen } from './operation.ts';
import {
  advice,
  count,
  deploymentId,
  droppedBy,
  goldenProof,
  oneOf,
  phase,
  target,
  trouble,
  verdict,
  version,
  versionState,
} from './values.ts';

const option = z.object({
  target: z.enum(TARGETS),
  taken: z.boolean(),
  memoryMiB: z.number(),
  cpuUnits: z.number().check(z.describe('1024 are one vCPU.')),
  instanceTypes: z.array(z.string()),
  monthlyUsd: z.nullable(z.number()).check(z.describe('While nobody calls.')),
  coldStartSeconds: z.number().check(z.describe('An estimate, from nothing to ready.')),
  // Absent from a Slipway of an earlier version.
  notedStarts: z.exactOptional(
    z
      .int()
      .check(
        z.describe(
          'How many starts of its kind in this account the estimate comes from; 0 if from published figures.',
        ),
      ),
  ),
  accelerator: z.exactOptional(z.object({ name: z.string(), count: z.int() })),
  serving: z.exactOptional(
    z
      .object({
        maxModelLen: z.union([z.int(), z.literal('auto')]),
        gpuMemoryUtilization: z.nullable(z.number()),
      })
      .check(z.describe('The settings of vLLM there.')),
  ),
  reason: z.string(),
});

const usd = z.number().check(z.nonnegative());
const orNull = z.nullable(z.number());
const flip = z
  .object({
    requestsPerSecond: z.number(),
    from: z.enum(TARGETS),
    to: z.enum(TARGETS),
    // Absent from a Slipway of an earlier version.
    why: z.exactOptional(z.enum(['cheaper', 'faster', 'limit'])),
    refusal: z.exactOptional(
      z.string().check(z.describe('The limit that the choice below that rate breaks above it.')),
    ),
  })
  .check(
    z.describe(
      'A rate from which another target is the choice: its bill is lower, it is faster for the same bill, or the choice until then breaks a limit.',
    ),
  );
const placedOption = z.object({
  target: z.enum(TARGETS),
  isSpot: z.boolean(),
  memoryMiB: z.number(),
  vcpus: z.number(),
  // Absent on other targets.
  instanceTypes: z.exactOptional(
    z
      .array(z.string())
      .check(
        z.describe(
          'On EC2: each replica takes a whole instance of the first, or of one that is like it.',
        ),
      ),
  ),
  replicas: z.int().check(z.describe('At the peak; 0 on Lambda.')),
  p95Ms: z.number(),
  // Absent from a Slipway of an earlier version, and where it is not so.
  isExtrapolated: z
    .exactOptional(z.literal(true))
    .check(z.describe('Its time is not measured: it has more vCPUs than the build tried.')),
  bill: z.array(z.object({ what: z.string(), usd })),
  usd: usd.check(z.describe('A month, with API Gateway, the authorizer and the access log.')),
  ownUsd: usd.check(z.describe('A month, without API Gateway, the authorizer and the access log.')),
  refusals: z.array(z.string()).check(z.describe('The limits that it breaks; empty if it fits.')),
});

const tiers = z.exactOptional(z.array(z.object({ from: z.number(), usd })));

const unitPrices = z.object({
  region: z.string(),
  asOf: z.string().check(z.describe('The day on which they were read.')),
  usd: z.object({
    apiRequest: usd,
    fargateGBHour: usd,
    fargateVcpuHour: usd,
    firehoseGBIn: usd,
    lambdaArmGBSecond: usd,
    lambdaRequest: usd,
    lambdaX86GBSecond: usd,
    loadBalancerHour: usd,
    // Absent from a Slipway of an earlier version, and in its records, as is the volume below.
    loadBalancerUnitHour: z._default(usd, SHIPPED_PRICES.usd.loadBalancerUnitHour),
    logGBIn: z._default(usd, SHIPPED_PRICES.usd.logGBIn),
    publicAddressHour: usd,
    tableRead: usd,
    volumeGBMonth: z._default(usd, SHIPPED_PRICES.usd.volumeGBMonth),
  }),
  // Absent from a Slipway of an earlier version, and in its records.
  tiers: z
    .exactOptional(
      z.object({
        apiRequest: tiers,
        firehoseGBIn: tiers,
        lambdaArmGBSecond: tiers,
        lambdaX86GBSecond: tiers,
        logGBIn: tiers,
      }),
    )
    .check(
      z.describe(
        'The prices of the units after the first `from` of a month, which count those of the whole account.',
      ),
    ),
  shipped: z
    .array(z.enum(PRICE_NAMES))
    .check(
      z.describe(
        'The prices that are not of the region, but of us-east-1, as Slipway brings them.',
      ),
    ),
  instances: z
    .exactOptional(z.record(z.string(), usd))
    .check(z.describe('An hour of each instance type that the region sells; absent if unread.')),
  accessLog: z
    .exactOptional(z.literal('off'))
    .check(z.describe('Present where the stack logs no requests, so that none pays for it.')),
});

const demand = z.object({
  requestsPerSecond: z.number(),
  peak: z.number(),
  p95Ms: orNull,
  coldStarts: z.enum(['allowed', 'none']),
  hours: z.number(),
});

const weighing = z.object({
  question: z.object({
    demand,
    measured: z.object({
      requestMs: z.number().check(z.describe('On one vCPU.')),
      parallelPart: z.number().check(z.describe('The part that more vCPUs shorten, 0 to 1.')),
      memoryMiB: z.number(),
      imageBytes: z.number(),
      startMs: z.number(),
      rowMs: z.exactOptional(z.number()),
      timedVcpus: z
        .exactOptional(z.number())
        .check(z.describe('The most vCPUs that a request was timed at.')),
      // Absent from a Slipway of an earlier version.
      several: z
        .exactOptional(z.object({ atOnce: z.int(), memoryMiB: z.number(), times: z.number() }))
        .check(
          z.describe(
            'So many requests at once: the memory of a container, and the time of each beside one alone.',
          ),
        ),
      lighter: z
        .exactOptional(z.object({ what: z.string(), savedMiB: z.number() }))
        .check(z.describe('The memory that weights of eight bits would save.')),
    }),
    limits: z.object({
      lambdaConcurrency: orNull,
      lambdaMemoryMiB: orNull,
      fargateVcpus: orNull,
      // Absent from a Slipway of an earlier version.
      ec2Vcpus: z.exactOptional(orNull),
      leastReplicas: z.int(),
      maxReplicas: orNull,
      maxMonthlyUsd: orNull,
    }),
    allowsSpot: z.boolean(),
    prices: z.exactOptional(unitPrices),
    refused: z.exactOptional(
      z.object({
        lambda: z.exactOptional(z.string()),
        fargate: z.exactOptional(z.string()),
        ec2: z.exactOptional(z.string()),
      }),
    ),
  }),
  isGuess: z.boolean().check(z.describe('Whether nobody knows the traffic.')),
  isLater: z
    .exactOptional(z.literal(true))
    .check(
      z.describe(
        'Present where its own server was measured once it was live, since no build had: no bill decided where it runs.',
      ),
    ),
  learntDays: z.exactOptional(
    z
      .number()
      .check(z.describe('The demand is what the model got in so many days; absent if it is not.')),
  ),
  mostLater: z.exactOptional(
    orNull.check(z.describe('The most replicas once the traffic is known; null for no limit.')),
  ),
  options: z.array(placedOption).check(z.describe('The choice first.')),
  flipsAt: orNull.check(
    z.describe('The requests a second from which another target is the choice; null: none is.'),
  ),
  // Absent from a Slipway of an earlier version.
  flip: z.exactOptional(z.nullable(flip)),
  // Absent from a Slipway of an earlier version.
  limitsChange: z.exactOptional(
    z
      .nullable(
        z.object({
          requestsPerSecond: z.number(),
          isKept: z.boolean(),
          target: z.exactOptional(z.enum(TARGETS)),
          refusal: z.exactOptional(z.string()),
        }),
      )
      .check(
        z.describe(
          'A rate from which nothing keeps the limits, with the limit that the choice breaks there, or from which something does again, if no flip comes first. The rate of today, if nothing keeps them now or at a greater one.',
        ),
      ),
  ),
  // Absent from a Slipway of an earlier version.
  byDemand: z.exactOptional(
    z
      .object({
        points: z.array(
          z.object({
            requestsPerSecond: z.number(),
            usd: z.object({ lambda: orNull, fargate: orNull, ec2: orNull }),
          }),
        ),
        breakEvens: z.array(flip),
      })
      .check(
        z.describe(
          'The lowest bill a month of each target, without API Gateway, over the requests a second, and the rates at which another target is the choice; null where none of its options keeps the limits.',
        ),
      ),
  ),
  ways: z
    .array(z.object({ what: z.string(), usd, percent: z.number() }))
    .check(z.describe('The three cheapest ways to spend less, each applied alone.')),
  // Absent from a Slipway of an earlier version.
  beside: z
    .exactOptional(
      z.array(
        z.object({
          what: z.string(),
          replicas: z.int(),
          p95Ms: z.number(),
          ownUsd: usd,
          why: z.string().check(z.describe('Why it is not chosen.')),
        }),
      ),
    )
    .check(z.describe('Other ways to run it, which are priced and never chosen.')),
});

const runtime = z.object({
  name: oneOf(RUNTIME_NAMES),
  title: z.string().check(z.describe('The name of the server that serves it.')),
  framework: z
    .nullable(z.string())
    .check(z.describe('The framework that made the model: scikit-learn 1.5.2.')),
  python: z.nullable(z.string()),
  packages: z.array(z.string()),
  proof: z.nullable(
    z.pick(buildProof, {
      conversion: true,
      importMs: true,
      loadMs: true,
      peakBytes: true,
      batching: true,
    }),
  ),
  noQuota: z.exactOptional(
    z
      .string()
      .check(z.describe('Why the build could not measure half a vCPU; absent where it did.')),
  ),
});

const promotion = z.object({
  from: z.object({ place: z.string(), version, deploymentId }),
  digest: z.string(),
  proof: z.nullable(goldenProof),
  needsApproval: z.boolean(),
  approval: z.nullable(z.object({ verdict, digest: z.string(), by: z.string(), atMs: z.int() })),
  // Absent from a Slipway of an earlier version.
  signed: z.exactOptional(
    z
      .nullable(z.object({ key: z.string(), by: z.string(), atMs: z.int() }))
      .check(
        z.describe(
          'The key that signed it (the sha256 of its DER), and who released it when, by the signed statement; null if no signature is required.',
        ),
      ),
  ),
});

export const explanation = z
  .object({
    model: z.string(),
    version: z.nullable(z.int()),
    deploymentId,
    phase,
    // Absent from a Slipway of an earlier version, as is the state below.
    live: z
      .exactOptional(z.nullable(version))
      .check(z.describe('The version of the model that is live; null if none is.')),
    state: z
      .exactOptional(versionState)
      .check(z.describe('The state of this version; absent if it never went live.')),
    trouble,
    artifact: z.object({
      key: z.string(),
      sizeBytes: count,
      format: z.nullable(z.string()),
      parameters: z.nullable(z.int()),
      droppedBy,
    }),
    runtime: z
      .nullable(runtime)
      .check(
        z.describe(
          'The server and the reason for it, and the measurements of the build; null before it is planned.',
        ),
      ),
    builtOn: z.exactOptional(
      z
        .object({
          name: z.string().check(z.describe("CodeBuild's compute type.")),
          memoryGb: z.number(),
          vcpus: z.number(),
          diskGb: z.number(),
          usdPerMinute: z
            .nullable(z.number())
            .check(z.describe('In us-east-1; null where it is unknown.')),
        })
        .check(
          z.describe('The machine of CodeBuild that its image is built on; absent on one machine.'),
        ),
    ),
    image: z
      .nullable(
        z.object({
          digest: z.string(),
          compressedBytes: z.int(),
          uncompressedBytes: z.int(),
          layers: z.exactOptional(
            z
              .array(z.int())
              .check(
                z.describe('The compressed size of each layer; absent if a registry has none.'),
              ),
          ),
          smoke: z
            .nullable(smokeTest)
            .check(
              z.describe(
                'The time and memory of a start of the image, in its build; null if there is no image.',
              ),
            ),
        }),
      )
      .check(z.describe('Null if nothing was built.')),
    target: z.nullable(target).check(z.describe('The target that was taken.')),
    options: z.array(option),
    // Absent from a Slipway of an earlier version, and where its start says nothing about others.
    start: z
      .exactOptional(
        z.object({
          seconds: z.number(),
          expectedSeconds: z
            .nullable(z.number())
            .check(
              z.describe('As the other starts of its kind here predict; null for less than five.'),
            ),
          notedStarts: z.int(),
          fromSpare: z
            .exactOptional(z.literal(true))
            .check(z.describe('Present where a server took it that had been started before.')),
        }),
      )
      .check(z.describe('How long this version took from nothing to ready.')),
    // Absent from a Slipway of an earlier version.
    prices: z
      .exactOptional(unitPrices)
      .check(z.describe('The prices of today by which an account is estimated.')),
    // Absent from a Slipway of an earlier version, and where no bill decided.
    weighing: z
      .exactOptional(weighing)
      .check(
        z.describe(
          'The bill of each option for the expected traffic, if the build measured the model.',
        ),
      ),
    // Absent from a Slipway of an earlier version, and where it came to no target.
    bill: z
      .exactOptional(
        z.object({
          usdPerMonth: z
            .nullable(usd)
            .check(
              z.describe(
                'Its share: each price with tiers is the average over what all live versions use together. Null where no bill is known.',
              ),
            ),
          aloneUsdPerMonth: z
            .nullable(usd)
            .check(z.describe('The same if the account had no other model.')),
          together: z
            .object({
              apiRequest: usd,
              firehoseGBIn: usd,
              lambdaArmGBSecond: usd,
              lambdaX86GBSecond: usd,
              logGBIn: usd,
            })
            .check(
              z.describe(
                'The units that all live versions use in a month, and this one with them.',
              ),
            ),
        }),
      )
      .check(
        z.describe(
          'The bill of the option that runs, for a month of its traffic and by the prices of today, without the load balancer, which all models share.',
        ),
      ),
    // Absent from a Slipway of an earlier version, and where the manifest names none.
    traffic: z
      .exactOptional(demand)
      .check(z.describe('The traffic that the manifest names, with its defaults.')),
    // Absent from a Slipway of an earlier version, and where it is placed well enough.
    advice: z
      .exactOptional(advice)
      .check(
        z.describe(
          'The placement that would suit the live version better, for the requests that it got.',
        ),
      ),
    // Absent from a Slipway of an earlier version, and where the manifest names none.
    team: z.exactOptional(z.string().check(z.describe('The team that the manifest names.'))),
    proof: z.nullable(goldenProof),
    // Absent from a Slipway of an earlier version.
    comparison: z
      .exactOptional(z.nullable(comparison))
      .check(z.describe('The comparison with the version that was live; null if there was none.')),
    shift: z.nullable(
      z.object({
        previous: z.nullable(z.string()),
        steps: z.array(z.object({ percent: z.number(), bakeSeconds: z.number() })),
        done: z.int().check(z.describe('How many steps were watched to their end.')),
      }),
    ),
    // Absent from a Slipway of an earlier version, and before the first look.
    judges: z
      .exactOptional(
        z.array(
          z.object({
            judge: z.enum(['alarms', 'probes', 'traffic', 'pace', 'answers']),
            verdict: z.enum(['passed', 'unproven', 'doubtful', 'breach']),
            reason: z.string(),
          }),
        ),
      )
      .check(
        z.describe(
          'The finding of each judge of the bake in the last step of the shift. One that is unproven holds no version back; a breach rolls it back.',
        ),
      ),
    promotion: z
      .nullable(promotion)
      .check(
        z.describe(
          'Where it was built, if not here, and the answer of the person who was asked to approve it.',
        ),
      ),
    probes: z
      .nullable(z.object({ sent: z.int(), failed: z.int() }))
      .check(z.describe('The probes of the last step.')),
  })
  .check(
    z.meta({
      id: 'Explanation',
      description:
        'A field is null or empty if the deployment did not get so far. Sizes are in bytes.',
    }),
  );

/** Why a version runs where it runs, and how it was proven. */
export type Explanation = Frozen<z.output<typeof explanation>>;
