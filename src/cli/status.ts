import * as z from 'zod/mini';
import { call, findInstance } from './client.ts';

const version = z.object({
  version: z.int(),
  revision: z.string(),
  state: z.string(),
  target: z.string(),
});

const models = z.object({
  models: z.array(
    z.object({
      name: z.string(),
      endpoint: z.string(),
      live: z.nullable(version),
      versions: z.array(version),
      newest: z.nullable(
        z.object({
          id: z.string(),
          version: z.nullable(z.int()),
          phase: z.string(),
          trouble: z.nullable(z.object({ name: z.string(), reason: z.string(), fix: z.string() })),
        }),
      ),
    }),
  ),
});

export type Status = z.infer<typeof models>;

export async function status(dataDir: string): Promise<Status> {
  const { control } = await findInstance(dataDir);
  return call(`${control}/models`, models);
}

/** A line a model: what is live and where, and how its newest deployment stands when that is another. */
export function statusLines({ models: list }: Status): readonly string[] {
  if (list.length === 0) return ['no models yet; drop one with `slipway push MODEL.onnx`'];
  return list.map(({ name, endpoint, live, newest }) => {
    const serving = live ? `v${live.version} live on ${live.target}  ${endpoint}` : 'nothing live';
    const isOther = newest !== null && newest.version !== live?.version;
    return `${name}  ${serving}${isOther ? `  (newest: ${standing(newest)})` : ''}`;
  });
}

type Newest = NonNullable<Status['models'][number]['newest']>;

function standing({ version, phase, trouble }: Newest): string {
  const reason = trouble ? `, ${trouble.reason.split('\n')[0]}` : '';
  return `${version === null ? '' : `v${version} `}${phase}${reason}`;
}
