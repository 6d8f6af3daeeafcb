import { localSweep } from '#compose/local-sweep.ts';
import { eventually } from '../support/clock/eventually.ts';

describe('the sweep of one machine', () => {
  it('runs at once, and again when its time has come', async () => {
    let sweeps = 0;
    const sweep = async () => {
      sweeps += 1;
    };

    const sweeping = localSweep({ sweep, onProblem: () => {}, periodMs: 1 });

    expect(sweeps).toBe(1);
    await eventually(() => sweeps > 2);
    await sweeping.stop();
  });

  it('is never run twice at once', async () => {
    let running = 0;
    let most = 0;
    let sweeps = 0;
    const sweep = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
      sweeps += 1;
    };

    const sweeping = localSweep({ sweep, onProblem: () => {}, periodMs: 0 });
    await eventually(() => sweeps > 5);
    await sweeping.stop();

    expect(most).toBe(1);
  });

  it('goes on after a problem, and tells of it until it is another', async () => {
    const problems = ['full', 'full', '', 'full', 'denied'];
    const told: string[] = [];
    let sweeps = 0;
    const sweep = async () => {
      const problem = problems[sweeps];
      sweeps += 1;
      if (problem) throw new Error(problem);
    };

    const sweeping = localSweep({
      sweep,
      onProblem: (error) => told.push(String(error)),
      periodMs: 0,
    });
    await eventually(() => sweeps > problems.length);
    await sweeping.stop();

    expect(told).toEqual(['Error: full', 'Error: full', 'Error: denied']);
  });

  it('is over when it has been stopped, not before the sweep that runs', async () => {
    const gate = Promise.withResolvers<void>();
    let sweeps = 0;
    const sweep = async () => {
      sweeps += 1;
      await gate.promise;
    };
    const sweeping = localSweep({ sweep, onProblem: () => {}, periodMs: 0 });

    const stopped = sweeping.stop().then(() => sweeps);
    gate.resolve();

    expect(await stopped).toBe(1);
    await new Promise(setImmediate);
    expect(sweeps).toBe(1);
  });
});
