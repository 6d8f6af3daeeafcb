import * as z from 'zod/mini';
import { call, findInstance } from './client.ts';

const modelLog = z.object({ revision: z.nullable(z.string()), lines: z.array(z.string()) });

export type ModelLog = z.infer<typeof modelLog>;

/** The last lines that the model's newest revision wrote. */
export async function logs(dataDir: string, model: string): Promise<ModelLog> {
  const { control } = await findInstance(dataDir);
  return call(`${control}/models/${encodeURIComponent(model)}/logs`, modelLog);
}
