import { provisioningLimit } from '#domain/placement/start-limit.ts';

describe('how long a replica may take before its model loads', () => {
  it.each([
    { what: 'what the target allows', allowed: 600, startSeconds: 90, limit: 600 },
    { what: 'twice a start that takes longer', allowed: 600, startSeconds: 700.2, limit: 1401 },
    { what: 'what the target allows where no start was estimated', allowed: 300, limit: 300 },
    { what: 'nothing where nothing is fetched', allowed: 0, startSeconds: 90, limit: 0 },
  ])('is $what', ({ allowed, limit, ...start }) => {
    expect(provisioningLimit(allowed, start)).toBe(limit);
  });
});
