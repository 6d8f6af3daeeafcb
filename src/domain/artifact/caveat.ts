import { FORMATS, pageOf } from './format.ts';

/** The missing values that a model of this format accepts, where its file does not keep all the settings of its framework; otherwise null. */
export function missingCaveat(format: string | null): string | null {
  const known = FORMATS.find((each) => each === format);
  return (known && pageOf(known).missing) ?? null;
}
