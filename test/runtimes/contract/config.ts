import type { Env } from '../runtime.ts';

/** Faults in an environment, and every model server's message about each. */
export const WRONG: readonly { readonly env: Env; readonly says: string }[] = [
  { env: { MODEL_PATH: '' }, says: 'MODEL_PATH is not set' },
  { env: { MODEL_NAME: '' }, says: 'MODEL_NAME is not set' },
  {
    env: { MODEL_NAME: 'a/b' },
    says: 'MODEL_NAME is "a/b"; it takes letters, digits, ".", "_" and "-"',
  },
  {
    env: { PORT: '70000' },
    says: 'PORT is "70000"; it takes a whole number from 0 to 65535',
  },
  {
    env: { MAX_BODY_BYTES: '6MB' },
    says: 'MAX_BODY_BYTES is "6MB"; it takes a whole number from 1 to 536870912',
  },
  {
    env: { DRAIN_SECONDS: '0' },
    says: 'DRAIN_SECONDS is "0"; it takes a whole number from 1 to 900',
  },
  {
    env: { EXTRA_COLUMNS: 'strict' },
    says: 'EXTRA_COLUMNS is "strict"; it takes ignore or refuse',
  },
  {
    env: { BATCH_ROWS: '65' },
    says: 'BATCH_ROWS is "65"; it takes a whole number from 1 to 64',
  },
  {
    env: { MODEL_ALIASES: 'gpt-4o,gpt 4o' },
    says: 'MODEL_ALIASES is "gpt-4o,gpt 4o"; it takes names of letters, digits and ._:/@+-, separated by commas',
  },
  {
    env: { MLFLOW_VERSION: '3 17' },
    says: 'MLFLOW_VERSION is "3 17"; it takes letters, digits, ".", "_" and "-"',
  },
  {
    env: { SLIPWAY_REVISION: 'a\nb' },
    says: 'SLIPWAY_REVISION holds characters that an HTTP header cannot',
  },
];
