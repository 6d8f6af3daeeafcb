import * as z from 'zod/mini';
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import { Failure } from '#domain/failure.ts';

const port = z.int().check(z.gte(0), z.lte(65535));

/**
 * What a Slipway on one machine is started with. Ports are the first to try (0: any free one); a busy one moves to the next.
 * `engine`: models run as processes, or as containers of images that are built here.
 * Times carry their units; `maxInstances` bounds the processes of one revision.
 */
const localConfig = z.strictObject({
  dataDir: z._default(z.string(), '.slipway'),
  engine: z._default(z.enum(['process', 'docker']), 'process'),
  host: z._default(z.enum(['127.0.0.1', '::1']), '127.0.0.1'),
  gatewayPort: z._default(port, 8080),
  controlPort: z._default(port, 8081),
  bakeSeconds: z._default(z.int().check(z.gte(0), z.lte(3600)), 2),
  describeWaitMs: z._default(z.int().check(z.gte(0)), 10_000),
  maxObjectBytes: z._default(z.int().check(z.positive()), limits.imageUncompressedMaxBytes),
  maxInstances: z._default(z.int().check(z.positive()), 4),
  idleSeconds: z._default(z.int().check(z.positive()), 300),
  requestTimeoutMs: z._default(z.int().check(z.positive()), limits.requestTimeoutSeconds * 1000),
});

export type LocalConfig = z.infer<typeof localConfig>;

/** Parses what an entry point took from flags and environment; an unknown or wrong entry is `InputInvalid` and named. */
export function readLocalConfig(values: Readonly<Record<string, unknown>>): LocalConfig {
  const parsed = localConfig.safeParse(values, { error: z.locales.en().localeError });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Failure('InputInvalid', `the configuration is wrong: ${problems.join('; ')}`);
}
