import { FORMATS, pageOf } from './format.ts';

/** Which missing values a model of this format takes, where its file does not keep all that its framework was given; otherwise null. */
export function missingCaveat(format: string | null): string | null {
  const known = FORMATS.find((each) => each === format);
  return (known && pageOf(known).missing) ?? null;
}
