import { Failure } from './failure.ts';

/**
 * The holder of a key may do so much with the key's models.
 * `see`: read their status, versions, logs and events, and their files. `drop`: put files in the bucket and remove them. `promote`: decide which version is live: promote, approve, roll back, abort, undeploy. `call`: send requests to them, and the correct answers.
 */
export const ROLES = ['see', 'drop', 'promote', 'call'] as const;

export type Role = (typeof ROLES)[number];

/** Reads roles as people write them, separated by commas. Fails with `InputInvalid` for any other word, and for no role. */
export function readRoles(text: string): readonly Role[] {
  const words = text.split(',').map((word) => word.trim());
  return words.map((word) => ROLES.find((role) => role === word) ?? unknownRole(word));
}

function unknownRole(word: string): never {
  throw new Failure('InputInvalid', `\`${word}\` is not a role`, {
    fix: `The roles are ${ROLES.join(', ')}; separate several by commas.`,
  });
}
