import { Failure } from '#domain/failure.ts';

const LONGEST_NAME = 80;

/**
 * An artifact that cannot be served: `message` gives fact, value and limit, a line for each of several, `fix` the owner's remedy.
 * Names in it come from the file and are shown on terminals, so invisible characters become `?`.
 */
export function rejected(message: string | readonly string[], fix: string): Failure {
  const lines = [message].flat().map((line) => line.replaceAll(/\p{C}/gu, '?'));
  return new Failure('ArtifactRejected', lines.join('\n'), { fix });
}

/** Names from a file for a message: the first `most`, quoted, and how many more there are. */
export function listed(names: readonly string[], most = 5): string {
  const more = names.length - most;
  const first = names.slice(0, most).map(quoted).join(', ');
  return more > 0 ? `${first} and ${more} more` : first;
}

/** A name from a file, shortened and quoted for a message. */
export function quoted(name: string): string {
  return name.length > LONGEST_NAME ? `\`${name.slice(0, LONGEST_NAME)}…\`` : `\`${name}\``;
}
