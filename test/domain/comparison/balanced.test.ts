import { balanced } from '#domain/comparison/balanced.ts';

type Sent = { readonly by: string | undefined; readonly n: number };

const many = (count: number, by: string | undefined): readonly Sent[] =>
  Array.from({ length: count }, (_, n) => ({ by, n }));
const callers = (count: number, each: number) =>
  Array.from({ length: count }, (_, index) => many(each, `client ${index}`)).flat();
const of = (items: readonly Sent[]) => {
  const left = balanced(items, 0.05, ({ by }) => by);
  const counts = new Map<string | undefined, number>();
  for (const { by } of left) counts.set(by, (counts.get(by) ?? 0) + 1);
  return { left, counts, most: Math.max(...counts.values()) };
};

describe('requests of clients of which one sends nearly all', () => {
  it('are without most of those: it has 5 % of what is left', () => {
    const { left, counts } = of([...many(9000, 'batch job'), ...callers(100, 10)]);

    expect(left).toHaveLength(1000 + 52);
    expect(counts.get('batch job')).toBe(52);
    expect(52 / left.length).toBeLessThanOrEqual(0.05);
  });

  it('stay as they are where nobody has more than 5 %, in their order', () => {
    const items = callers(40, 25);

    expect(balanced(items, 0.05, ({ by }) => by)).toEqual(items);
  });

  it('stay all where there is one client, who outweighs nobody', () => {
    expect(of(many(5000, 'the only one')).left).toHaveLength(5000);
  });

  it('have an equal part at most where there are fewer than twenty clients', () => {
    const { counts } = of([...many(2000, 'a'), ...many(400, 'b'), ...many(400, 'c')]);

    expect(counts.get('a')).toBe(400);
  });

  it('are at least 300, whoever sent them: fewer would show nothing', () => {
    const { left, counts } = of([...many(2000, 'a'), ...many(3, 'b')]);

    expect(left).toHaveLength(300);
    expect(counts.get('a')).toBe(297);
  });

  it('are the first of each, and examples, which nobody sent, all stay', () => {
    const { left } = of([...many(900, 'a'), ...many(50, undefined), ...callers(60, 5)]);

    const a = left.filter(({ by }) => by === 'a').map(({ n }) => n);
    expect(a).toEqual(Array.from({ length: a.length }, (_, n) => n));
    expect(a.length).toBeLessThan(20);
    expect(left.filter(({ by }) => by === undefined)).toHaveLength(50);
  });

  it('have half of the answers at most of one class, where the others are enough', () => {
    const items = [...many(1800, 'healthy'), ...many(150, 'ill'), ...many(50, 'unknown')];
    const left = balanced(items, 0.5, ({ by }) => by);

    expect(left).toHaveLength(400);
    expect(left.filter(({ by }) => by !== 'healthy')).toHaveLength(200);
  });

  it('are nothing where there is none', () => {
    expect(balanced([], 0.05, () => 'a')).toEqual([]);
  });
});
