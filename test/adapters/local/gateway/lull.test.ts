import { lull } from '#adapters/local/gateway/lull.ts';
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
