import { Failure } from '#domain/failure.ts';

const MAX_QUOTED = 80;

/** An artifact that cannot be served: `message` gives fact, value and limit, `fix` what its owner can do. */
export function rejected(message: string, fix: string): Failure {
  return new Failure('ArtifactRejected', message, { fix });
}

/** A name out of an artifact as it may stand in a message: the file decides its bytes, a terminal shows them. */
export function quoted(name: string): string {
  const visible = name.replaceAll(/\p{C}/gu, '?');
  return `\`${visible.length > MAX_QUOTED ? `${visible.slice(0, MAX_QUOTED)}…` : visible}\``;
}
