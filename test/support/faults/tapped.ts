/** Wraps a call of a port's method, named `port.method`, with its arguments; `call` makes the call itself. */
export type Tap = (
  method: string,
  call: () => Promise<unknown>,
  asked: readonly unknown[],
) => Promise<unknown>;

type Ports = Readonly<Record<string, object>>;
type Method = (...asked: readonly unknown[]) => unknown;

// Addresses are made without a call of the world.
const NO_CALLS = ['route', 'testPath'];

/** The same ports, every call of which goes through `tap`, the reads of an opened object too. */
export function tapped<Some extends Ports>(ports: Some, tap: Tap): Some {
  const names = Object.entries(ports).map(([name, port]) => [name, tappedPort(name, port, tap)]);
  return Object.fromEntries(names) as Some;
}

function tappedPort(name: string, port: object, tap: Tap): object {
  const members = Object.entries(port).map(([key, member]) => {
    if (typeof member !== 'function' || NO_CALLS.includes(key)) return [key, member];
    const method = member as Method;
    return [
      key,
      async (...asked: readonly unknown[]) => {
        const answer = await tap(`${name}.${key}`, async () => method(...asked), asked);
        return key === 'open' ? tappedPort(name, answer as object, tap) : answer;
      },
    ];
  });
  return Object.fromEntries(members);
}
