import { DatabaseSync } from 'node:sqlite';
import { consoleSessions } from '#adapters/local/control/console-sessions.ts';
import { loopbackGuard, newToken } from '#adapters/local/control/control-guard.ts';
import { machineOperations } from '#control/operations.ts';

const DAY_MS = 86_400_000;
let database: DatabaseSync;
let nowMs: number;
const open = () => consoleSessions(database, { now: () => nowMs });

beforeEach(() => {
  database = new DatabaseSync(':memory:');
  nowMs = Date.UTC(2026, 0, 1);
});

describe('the sessions of the console', () => {
  it('are opened by a link, once', () => {
    const sessions = open();
    const code = sessions.invite();
    const secret = sessions.open(code);

    expect(sessions.isOpen(secret)).toBe(true);
    expect(() => sessions.open(code)).toThrow(/was used already/);
  });

  it('are not opened by a code that nobody was given, nor by the secret of another', () => {
    const sessions = open();
    const secret = sessions.open(sessions.invite());

    for (const code of ['', 'x', secret]) expect(() => sessions.open(code)).toThrow(/used already/);
    expect(sessions.isOpen('')).toBe(false);
  });

  it('go on after a restart, while a link of before is worth nothing', () => {
    const before = open();
    const secret = before.open(before.invite());
    const code = before.invite();
    const after = open();

    expect(after.isOpen(secret)).toBe(true);
    expect(() => after.open(code)).toThrow(/slipway console|used already/);
  });

  it('end after thirty days', () => {
    const sessions = open();
    const secret = sessions.open(sessions.invite());

    nowMs += 30 * DAY_MS;
    expect(sessions.isOpen(secret)).toBe(false);
  });

  it('are kept by nothing that opens one: the database has no secret', () => {
    const sessions = open();
    const code = sessions.invite();
    const secret = sessions.open(code);

    const kept = JSON.stringify(database.prepare('SELECT * FROM console_sessions').all());
    expect(kept).not.toContain(secret);
    expect(kept).not.toContain(code);
  });

  it('forget the oldest of many links that nobody used', () => {
    const sessions = open();
    const [first = '', ...others] = Array.from({ length: 17 }, sessions.invite);

    expect(() => sessions.open(first)).toThrow(/used already/);
    expect(others.map(sessions.open)).toHaveLength(16);
  });

  it('let their browser into the control API, but no page of another origin', () => {
    const sessions = open();
    const secret = sessions.open(sessions.invite());
    const guard = loopbackGuard(newToken(), sessions.isOpen);
    const asked = (headers: Record<string, string>) =>
      guard(
        new Request('http://127.0.0.1/models', {
          headers: { host: '127.0.0.1:8081', authorization: `Bearer ${secret}`, ...headers },
        }),
        machineOperations.listModels,
      );

    expect(asked({})).toBeUndefined();
    expect(asked({ origin: 'http://127.0.0.1:8081' })).toBeUndefined();
    expect(() => asked({ origin: 'http://127.0.0.1:8080' })).toThrow(/may not call/);
    expect(asked({ authorization: `Bearer ${secret}x` })?.status).toBe(401);
  });
});
