import { lull, lullBeside } from '#adapters/local/gateway/lull.ts';
import { fakeTimers } from '../../../support/clock/fake-timers.ts';

/** Says, after any time, which turns have come. */
function watched() {
  const timers = fakeTimers();
  const clients = lull(timers);
  const come: string[] = [];
  return {
    clients,
    timers,
    turn: (name: string, atMostMs = 200) =>
      void clients.within(atMostMs).then(() => come.push(name)),
    async after(ms: number) {
      timers.advance(ms);
      await new Promise(setImmediate);
      return [...come];
    },
  };
}

it('has the turn at once where no client asks', async () => {
  const { turn, after, timers } = watched();

  turn('own');

  expect(await after(0)).toEqual(['own']);
  expect(timers.calls()).toBe(0);
});

it('has the turn a moment after the last of the requests that are under way', async () => {
  const { clients, turn, after } = watched();
  clients.begin();
  clients.begin();
  turn('own');
  clients.end();
  expect(await after(50)).toEqual([]);
  clients.end();

  expect(await after(0.9)).toEqual([]);
  expect(await after(0.1)).toEqual(['own']);
});

it('has no turn in the moment between two requests of one client', async () => {
  const { clients, turn, after } = watched();
  clients.begin();
  clients.end();
  turn('own');
  await after(0.5);
  clients.begin();
  expect(await after(100)).toEqual([]);
  clients.end();

  expect(await after(1)).toEqual(['own']);
});

it('has its turn at the latest after so long, and leaves no timer behind', async () => {
  const { clients, turn, after, timers } = watched();
  clients.begin();
  turn('own', 200);
  turn('later', 300);
  turn('impatient', 0);

  expect(await after(199)).toEqual(['impatient']);
  expect(await after(1)).toEqual(['impatient', 'own']);
  clients.end();
  expect(await after(1)).toEqual(['impatient', 'own', 'later']);
  expect(timers.leftMs()).toEqual([]);
});

describe('in another thread', () => {
  /** Says how often the gateway's thread was asked. */
  function beside() {
    const timers = fakeTimers();
    const clients = lull(timers);
    let asked = 0;
    const within = lullBeside(
      {
        // As the other thread gets them: the memory is the same.
        counts: structuredClone(clients.counts),
        async within() {
          asked += 1;
        },
      },
      timers.nowMs,
    );
    return {
      ...{ clients, timers },
      async asked() {
        asked = 0;
        await within(200);
        return asked;
      },
    };
  }

  it('nobody is asked while no client asks', async () => {
    const { asked, timers } = beside();
    timers.advance(1);

    expect(await asked()).toBe(0);
    expect(await asked()).toBe(0);
  });

  it('the gateway is asked while a client has a request under way', async () => {
    const { asked, clients, timers } = beside();
    clients.begin();
    timers.advance(50);

    expect(await asked()).toBe(1);
    expect(await asked()).toBe(1);
  });

  it('the gateway is asked until a moment has passed without a client', async () => {
    const { asked, clients, timers } = beside();
    timers.advance(1);
    clients.begin();
    clients.end();

    expect(await asked()).toBe(1);
    timers.advance(0.9);
    expect(await asked()).toBe(1);
    timers.advance(0.1);
    expect(await asked()).toBe(0);
  });

  it('the moment begins anew with each client that has come since', async () => {
    const { asked, clients, timers } = beside();
    clients.begin();
    await asked();
    timers.advance(50);
    clients.end();

    expect(await asked()).toBe(1);
    timers.advance(1);
    clients.begin();
    clients.end();
    expect(await asked()).toBe(1);
    timers.advance(1);
    expect(await asked()).toBe(0);
  });
});
