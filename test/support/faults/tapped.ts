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

// A list that its caller reads item by item; the call is the reading of all of it.
const READ_IN_PARTS = ['keptLines.of'];

/** The same ports, every call of which goes through `tap`, the reads of an opened object too. */
export function tapped<Some extends Ports>(ports: Some, tap: Tap): Some {
  const names = Object.entries(ports).map(([name, port]) => [name, tappedPort(name, port, tap)]);
  return Object.fromEntries(names) as Some;
}

function tappedPort(name: string, port: object, tap: Tap): object {
  const members = Object.entries(port).map(([key, member]) => {
    if (typeof member !== 'function' || NO_CALLS.includes(key)) return [key, member];
    const method = member as Method;
    if (READ_IN_PARTS.includes(`${name}.${key}`)) {
      return [key, inParts(`${name}.${key}`, method, tap)];
    }
    return [
      key,
      async (...asked: readonly unknown[]) => {
        const answer = await tap(`${name}.${key}`, async () => method(...asked), asked);
        return name === 'artifacts' && key === 'open'
          ? tappedPort(name, answer as object, tap)
          : answer;
      },
    ];
  });
  return Object.fromEntries(members);
}

function inParts(name: string, method: Method, tap: Tap): Method {
  return async function* (...asked) {
    const read = async () => {
      const items: unknown[] = [];
      for await (const item of method(...asked) as AsyncIterable<unknown>) items.push(item);
      return items;
    };
    yield* (await tap(name, read, asked)) as readonly unknown[];
  };
}
