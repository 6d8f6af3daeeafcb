import { loopbackGuard, newToken } from '#adapters/local/control/control-guard.ts';
import type { Operation } from '#control/operation.ts';
import { machineOperations } from '#control/operations.ts';

const TOKEN = newToken();
const GUARD = loopbackGuard(TOKEN);
const OPERATIONS = Object.entries(machineOperations);
const OWN = { host: '127.0.0.1:8081', authorization: `Bearer ${TOKEN}` };

/** The status with which a request is refused; `let in` where it is not. */
function asked(
  headers: Record<string, string>,
  {
    operation,
    guard = GUARD,
  }: { readonly operation: Operation | undefined; readonly guard?: typeof GUARD } = {
    operation: machineOperations.listModels,
  },
) {
  try {
    const request = new Request('http://127.0.0.1/models', { headers });
    return guard(request, operation)?.status ?? 'let in';
  } catch (error) {
    return (error as Error).name === 'InputInvalid' ? 400 : error;
  }
}

describe('who may ask the control API of one machine', () => {
  it('is whoever has its token, by one of the names of this machine', () => {
    const hosts = ['127.0.0.1', '127.0.0.1:8081', 'localhost:1', '[::1]:8081', '[::1]'];

    expect(hosts.map((host) => asked({ ...OWN, host }))).toEqual(hosts.map(() => 'let in'));
  });

  it.each(['', 'evil.example', '127.0.0.1.evil.example', 'localhost.evil:8081', '[::2]:8081'])(
    'is nobody who names the host %j, with the token or without',
    (host) => {
      expect(asked({ ...OWN, host })).toBe(400);
      expect(asked({ host })).toBe(400);
      expect(asked({ host }, { operation: machineOperations.health })).toBe(400);
    },
  );

  it.each(['http://evil.example', 'null', 'https://127.0.0.1:8081', 'http://127.0.0.1:80'])(
    'is no page of %s',
    (origin) => {
      expect(asked({ ...OWN, origin })).toBe(400);
      expect(asked({ ...OWN, origin }, { operation: machineOperations.metrics })).toBe(400);
    },
  );

  it('is a page of its own', () => {
    expect(asked({ ...OWN, origin: 'http://127.0.0.1:8081' })).toBe('let in');
  });

  it('is a page of the address at which a proxy publishes the console, and of no other by any header', () => {
    const guard = loopbackGuard(TOKEN, () => false, 'https://ops.example:8443');
    const at = { guard, operation: machineOperations.listModels };
    const page = { ...OWN, host: 'ops.example:8443', origin: 'https://ops.example:8443' };
    const forwarded = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      forwarded: 'host=evil.example;proto=https',
    };

    expect(asked(page, at)).toBe('let in');
    // Nginx names the address that it asks, unless it is told otherwise.
    expect(asked({ ...page, host: '127.0.0.1:8081' }, at)).toBe('let in');
    expect(asked({ ...page, authorization: '' }, at)).toBe(401);
    expect(asked(page)).toBe(400);
    expect(asked({ ...page, origin: 'http://ops.example:8443' }, at)).toBe(400);
    expect(asked({ ...page, ...forwarded, host: 'evil.example' }, at)).toBe(400);
    expect(asked({ ...page, ...forwarded, origin: 'https://evil.example' }, at)).toBe(400);
  });

  it.each(['', 'Bearer', `Bearer ${TOKEN}x`, `Bearer  ${TOKEN}`, TOKEN, `bearer ${TOKEN}`])(
    'is nobody who sends %j as the authorization',
    (authorization) => {
      expect(asked({ ...OWN, authorization })).toBe(401);
    },
  );

  it.each(OPERATIONS)('is asked for the token of %s, unless that is open', (name, operation) => {
    const isOpen = ['health', 'metrics', 'openConsole'].includes(name);

    expect(asked({ host: OWN.host }, { operation })).toBe(isOpen ? 'let in' : 401);
  });

  it('is nobody without a token where nothing is', () => {
    expect(asked({ host: OWN.host }, { operation: undefined })).toBe(401);
  });
});
