import { readKey } from '#domain/artifact/object-key.ts';
import { isModelName } from './identity.ts';

const HASH_IN_NAME = 16;

/**
 * The name of the `attempt`th execution (from 1) that Slipway itself starts for the upload of `key`, whose deployment has `id`.
 * The same upload and attempt give the same name, so a repeated start is idempotent; at most 80 characters, Step Functions' limit.
 */
export function executionName(key: string, id: string, attempt: number): string {
  const meaning = readKey(key);
  const model = 'model' in meaning && isModelName(meaning.model) ? meaning.model : 'upload';
  return `${model}-${id.slice(0, HASH_IN_NAME)}-a${attempt}`;
}
