import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { Failure } from '#domain/failure.ts';

/** CodeBuild's own order. https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html */
export const PHASES = ['install', 'pre_build', 'build', 'post_build'] as const;

export type Phase = (typeof PHASES)[number];

const phase = z.optional(
  z.strictObject({ commands: z.readonly(z.array(z.string()).check(z.minLength(1))) }),
);

const buildSpec = z.readonly(
  z.strictObject({
    version: z.literal(0.2),
    env: z.strictObject({
      shell: z.literal('bash'),
      'exported-variables': z._default(z.readonly(z.array(z.string())), []),
    }),
    phases: z.strictObject({ install: phase, pre_build: phase, build: phase, post_build: phase }),
  }),
);

export type BuildSpec = z.infer<typeof buildSpec>;

/** Fails with `InputInvalid` on any key that it would have to ignore, such as `run-as`, so that no build does less here than on CodeBuild. */
export async function readBuildSpec(path: string): Promise<BuildSpec> {
  // Most Slipways start no build, and start without the 72 modules of yaml.
  const { parse } = await import('yaml');
  const { data, error } = buildSpec.safeParse(parse(await readFile(path, 'utf8')));
  if (data) return data;
  const places = error.issues.map((issue) =>
    [...issue.path, ...('keys' in issue ? issue.keys : [])].join('.'),
  );
  throw new Failure(
    'InputInvalid',
    `${path} has keys that are not supported on one machine: ${places.join(', ')}`,
  );
}
