import type { ByteSource } from '#ports/artifact-store.ts';
import { readCatboost } from './catboost-model.ts';
import { inspectLightgbm } from './lightgbm.ts';
import { walkUbjson } from './ubjson-walk.ts';
import { readXgboost } from './xgboost-model.ts';

/** Before the model itself in what XGBoost writes of a booster, whose last part it is. */
export const XGBOOST_MODEL = 'L\0\0\0\0\0\0\0\x05Model{';

/**
 * Reads the model that another library keeps in a text or in bytes, whole, a character for each byte.
 * Fails with `ArtifactRejected` where that library would leave its memory, as it does for one in a file of its own.
 */
export async function refuseBrokenBooster(model: string, file: string): Promise<void> {
  const called = `${file}: the model within it`;
  if (model.startsWith('tree')) await inspectLightgbm(sourceOf(model), called);
  else if (model.startsWith('CBM1')) await readCatboost(sourceOf(model), called);
  else {
    const at = model.indexOf(XGBOOST_MODEL);
    const alone = model.slice(at + XGBOOST_MODEL.length - 1, -1);
    if (at < 0) return;
    // Its settings stand before it, and XGBoost believes their lengths, too.
    await walkUbjson(sourceOf(model), called, { enter: () => 'walk', value: () => {} });
    await readXgboost(sourceOf(alone), called, 'ubj');
  }
}

/** Text of a character for each byte as a file. */
export function sourceOf(text: string): ByteSource {
  const bytes = Buffer.from(text, 'latin1');
  return {
    sizeBytes: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  };
}
