import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { continuedClock, readingOf, steadyClock } from '#adapters/clocks.ts';
import { fakeClock } from '../support/clock/fake-clock.ts';

const HOUR_MS = 3_600_000;
const NOON_MS = Date.parse('2026-11-27T12:00:00Z');

/** A steady clock over a machine's, on which something is under way or not. */
function steady(isIdle: boolean) {
  const machine = fakeClock(NOON_MS);
  return { machine, clock: steadyClock(() => isIdle, machine) };
}

describe('while something is under way, a steady clock', () => {
  it.each([-90_000, HOUR_MS])('does not see that the machine is set by %d ms', (ms) => {
    const { machine, clock } = steady(false);
    machine.advance(1_000);
    machine.step(ms);
    machine.advance(2_000);

    expect(clock.now()).toBe(NOON_MS + 3_000);
  });
});

describe('while nothing is under way, a steady clock', () => {
  it('follows a machine that is set forward at once', () => {
    const { machine, clock } = steady(true);
    machine.step(HOUR_MS);

    expect(clock.now()).toBe(NOON_MS + HOUR_MS);
  });

  it('never goes back, and goes at half speed until a machine that was set back is there too', () => {
    const { machine, clock } = steady(true);
    machine.step(-90_000);
    expect(clock.now()).toBe(NOON_MS);

    machine.advance(100_000);
    expect(clock.now()).toBe(NOON_MS + 50_000);

    machine.advance(100_000);
    expect(clock.now()).toBe(machine.now());
  });

  it('says whole milliseconds', () => {
    const machine = fakeClock(NOON_MS);
    const clock = steadyClock(() => true, machine);
    machine.advance(0.25);

    expect(clock.now()).toBe(NOON_MS);
  });
});

it('measures what begins and ends in one process by the monotonic clock of the machine', () => {
  const { machine, clock } = steady(true);
  machine.advance(5);
  machine.step(HOUR_MS);

  expect(clock.monotonicMs()).toBe(5);
});

describe('a clock that goes on from the reading of another thread', () => {
  it('counts by the clock that all threads share', async () => {
    const machine = fakeClock(NOON_MS);
    const reading = readingOf(machine);
    machine.step(HOUR_MS);
    const clock = continuedClock(() => reading);
    const beganMs = clock.monotonicMs();
    // A thread whose `performance.now` has just begun.
    const worker = new Worker(
      "require('node:worker_threads').parentPort.postMessage(Number(process.hrtime.bigint()) / 1e6)",
      { eval: true },
    );
    const [thereMs] = await once(worker, 'message');

    expect(thereMs).toBeGreaterThan(beganMs);
    expect(clock.monotonicMs()).toBeGreaterThan(thereMs);
    expect(clock.now() - NOON_MS).toBeGreaterThanOrEqual(Math.floor(thereMs - beganMs));
    expect(clock.now() - NOON_MS).toBeLessThan(HOUR_MS);
  });

  it('follows the newest reading', () => {
    let reading = readingOf(fakeClock(NOON_MS));
    const clock = continuedClock(() => reading);
    reading = readingOf(fakeClock(NOON_MS + HOUR_MS));

    expect(clock.now()).toBeGreaterThanOrEqual(NOON_MS + HOUR_MS);
  });
});
