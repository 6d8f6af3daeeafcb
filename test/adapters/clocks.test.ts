import { steadyClock } from '#adapters/clocks.ts';
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
