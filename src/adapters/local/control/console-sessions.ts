import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { DAY_MS } from '#domain/durations.ts';
import { Failure } from '#domain/failure.ts';
import type { Clock } from '#ports/clock.ts';
import { newToken } from './control-guard.ts';

/** The browsers that the console is open in. */
export type ConsoleSessions = {
  /** A code that opens the console once, until this Slipway ends; of more than a few that nobody used, the oldest is forgotten. */
  invite(): string;
  /** Takes a code, and answers the secret of a new session. Fails with `InputInvalid` for a code that was used or never given. */
  open(code: string): string;
  /** Whether this is the secret of a session. */
  isOpen(secret: string): boolean;
};

// A person who looks once in a while is asked for a new link once a month.
const SESSION_MS = 30 * DAY_MS;
const MOST_INVITATIONS = 16;

/** Sessions outlive this process, so that an open console goes on after a restart; the database has only their digests, and nobody can make a secret of one. */
export function consoleSessions(
  database: DatabaseSync,
  clock: Pick<Clock, 'now'>,
): ConsoleSessions {
  database.exec(
    'CREATE TABLE IF NOT EXISTS console_sessions (digest TEXT PRIMARY KEY, until_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID',
  );
  const add = database.prepare('INSERT INTO console_sessions (digest, until_ms) VALUES (?, ?)');
  const find = database.prepare('SELECT 1 FROM console_sessions WHERE digest = ? AND until_ms > ?');
  const forget = database.prepare('DELETE FROM console_sessions WHERE until_ms <= ?');
  const invitations: string[] = [];

  return {
    invite() {
      const code = newToken();
      invitations.push(digestOf(code));
      if (invitations.length > MOST_INVITATIONS) invitations.shift();
      return code;
    },
    open(code) {
      const at = invitations.indexOf(digestOf(code));
      if (at === -1) throw used();
      invitations.splice(at, 1);
      const secret = newToken();
      forget.run(clock.now());
      add.run(digestOf(secret), clock.now() + SESSION_MS);
      return secret;
    },
    // A digest is looked up, not the secret: how long that takes says nothing of it.
    isOpen: (secret) => find.get(digestOf(secret), clock.now()) !== undefined,
  };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function used(): Failure {
  return new Failure('InputInvalid', 'this link to the console was used already, or is too old', {
    fix: 'Run `slipway console` for a new one: each opens the console once.',
  });
}
