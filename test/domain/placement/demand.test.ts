import { requestMsAt } from '#domain/placement/demand.ts';

describe('the time of a request at a share of the CPU', () => {
  it.each([
    { what: 'half a vCPU, whatever part more shorten', vcpus: 0.5, part: 0.5, ms: 200 },
    { what: 'one vCPU', vcpus: 1, part: 0.5, ms: 100 },
    // 100 / 1.25 is more than the 75 ms of two whole ones.
    { what: 'a quota that is used up', vcpus: 1.25, part: 0.5, ms: 80 },
    { what: 'a quota that is not used up: as on two', vcpus: 1.5, part: 0.5, ms: 75 },
    { what: 'two vCPUs', vcpus: 2, part: 0.5, ms: 75 },
    { what: 'one thread, on more vCPUs', vcpus: 1.5, part: 0, ms: 100 },
    { what: 'threads that share everything', vcpus: 1.6, part: 1, ms: 62.5 },
  ])('is right for $what', ({ vcpus, part, ms }) => {
    expect(requestMsAt({ requestMs: 100, parallelPart: part }, vcpus)).toBe(ms);
  });
});
