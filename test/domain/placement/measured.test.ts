import { measurement } from '#domain/build/measurement.ts';
import { severalOf, timesOf } from '#domain/placement/measured.ts';

const run = (vcpus: number, ms: number, more: { rows?: number; cpuMs?: number } = {}) => ({
  ...{ vcpus, ms, rows: 1, requests: 3, cpuMs: null },
  ...more,
});

describe('the runs of a build', () => {
  it('say how long a request takes on one vCPU, and which part more of them shorten', () => {
    // Three quarters of 100 ms are shortened: 25 + 75 / 2.
    const times = timesOf({
      ...{ by: 'quota', serverMs: 0 },
      runs: [run(0.5, 200), run(1, 100), run(2, 62.5)],
    });

    expect(times).toEqual({
      requestMs: 100,
      parallelPart: expect.closeTo(0.75, 10),
      timedVcpus: 2,
    });
  });

  it.each([
    { what: 'a faster answer on one', two: 110, part: 0 },
    { what: 'an answer faster than twice', two: 40, part: 1 },
  ])('never go below no part or above the whole: $what', ({ two, part }) => {
    const runs = [run(1, 100), run(2, two)];

    expect(timesOf({ by: 'quota', serverMs: 0, runs }).parallelPart).toBe(part);
  });

  it.each(['quota', 'affinity'] as const)(
    'do not take a busy machine for many threads: %s',
    (by) => {
      const runs = [run(1, 60, { cpuMs: 20 }), run(2, 22, { cpuMs: 20 })];

      expect(timesOf({ by, serverMs: 0, runs })).toMatchObject({ requestMs: 22, parallelPart: 0 });
    },
  );

  it('count what threads spin for on two CPUs, which a quota of one vCPU has to give too', () => {
    const runs = [run(1, 20, { cpuMs: 20 }), run(2, 20, { cpuMs: 40 })];

    const times = timesOf({ by: 'affinity', serverMs: 0, runs });

    expect(times).toMatchObject({ requestMs: 40, parallelPart: 1 });
  });

  it('do not believe threads that hinder each other on one CPU', () => {
    const runs = [run(1, 87, { cpuMs: 87 }), run(2, 1, { cpuMs: 2 })];

    const times = timesOf({ by: 'affinity', serverMs: 0, runs });

    expect(times).toMatchObject({ requestMs: 2, parallelPart: 1 });
  });

  it('take the CPU time of a quota of one vCPU, which was measured', () => {
    const runs = [run(1, 30, { cpuMs: 25 }), run(2, 20, { cpuMs: 24 })];

    expect(timesOf({ by: 'quota', serverMs: 0, runs })).toMatchObject({ requestMs: 25 });
  });

  it('take the time of a request that waits for something else as it is', () => {
    const runs = [run(1, 51, { cpuMs: 1 }), run(2, 50, { cpuMs: 1 })];

    expect(timesOf({ by: 'affinity', serverMs: 0, runs })).toMatchObject({
      requestMs: 50,
      parallelPart: 0,
    });
  });

  it('take the CPU time for the time on one vCPU where nothing ran there', () => {
    const times = timesOf({ by: 'none', serverMs: 0, runs: [run(2, 60, { cpuMs: 100 })] });

    // 40 + 60 / 2 would be 70; 20 + 80 / 2 is 60.
    expect(times).toEqual({
      requestMs: 100,
      parallelPart: expect.closeTo(0.8, 10),
      timedVcpus: 2,
    });
  });

  it('take the time that there is where no CPU time is known', () => {
    expect(timesOf({ by: 'none', serverMs: 0, runs: [run(2, 60)] })).toMatchObject({
      requestMs: 60,
      parallelPart: 0,
    });
  });

  it('take half a vCPU in proportion where it is all there was', () => {
    expect(timesOf({ by: 'quota', serverMs: 0, runs: [run(0.5, 80)] })).toEqual({
      requestMs: 40,
      parallelPart: 0,
      timedVcpus: 0.5,
    });
  });

  it('add the time of the server, which is one thread', () => {
    const runs = [run(1, 100), run(2, 50)];

    expect(timesOf({ by: 'quota', serverMs: 100, runs })).toMatchObject({
      requestMs: 200,
      parallelPart: 0.5,
    });
  });

  it('say what a further row costs', () => {
    const runs = [run(1, 10), run(1, 17, { rows: 8 })];

    expect(timesOf({ by: 'quota', serverMs: 0, runs }).rowMs).toBe(1);
  });

  it.each([
    { what: 'longer where they hinder each other', ms: 15, times: 1.5 },
    { what: 'as long where the difference is noise', ms: 10.9, times: 1 },
    { what: 'never counted as shorter: a replica seldom has several', ms: 6, times: 1 },
    { what: 'as long where nothing shows one alone', ms: 15, vcpus: 2, times: 1 },
  ])('say how long each of several at once takes: $what', ({ ms, times, vcpus = 1 }) => {
    const several = { atOnce: 8, vcpus, requests: 20, ms, peakBytes: 1 };
    const runs = [run(0.5, 20), run(1, 10), run(1, 70, { rows: 8 })];

    expect(severalOf({ by: 'quota', runs, several })).toEqual({ atOnce: 8, times });
    expect(severalOf({ by: 'quota', runs })).toBeUndefined();
  });

  it.each([
    { by: 'quota', runs: [] },
    { by: 'guess', runs: [run(1, 1)] },
    { by: 'quota', runs: [run(0, 1)] },
    { by: 'quota', runs: [run(1, 0)] },
    { by: 'quota', runs: [run(1, 1)], several: { atOnce: 1, ms: 1, peakBytes: 1 } },
    { by: 'quota', runs: Array.from({ length: 13 }, () => run(1, 1)) },
  ])('are not believed if they are none: %j', (forged) => {
    expect(measurement.safeParse(forged).success).toBe(false);
  });

  it('counts the CPU time under a quota of one vCPU, where a process was bound to CPUs as well', () => {
    const run = { vcpus: 1, rows: 1, requests: 9, ms: 10, cpuMs: 10 };
    const runs = [
      run,
      { ...run, vcpus: 2, ms: 6, cpuMs: 11 },
      { ...run, rows: 8, ms: 17 },
      { ...run, by: 'quota', ms: 30, cpuMs: 12 } as const,
      { ...run, by: 'quota', vcpus: 0.5, ms: 70, cpuMs: 35 } as const,
    ];

    const times = timesOf({ by: 'affinity', serverMs: 0, runs });

    expect(times).toMatchObject({ requestMs: 12, parallelPart: 1, rowMs: 1, timedVcpus: 2 });
  });
});
