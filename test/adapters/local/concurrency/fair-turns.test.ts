import { fairlyAtOnce } from '#adapters/local/concurrency/at-once.ts';
import { fairOrder, type WaitingDeployment } from '#adapters/local/concurrency/fair-turns.ts';

const first = (model: string): WaitingDeployment => ({ model, isUpgrade: false });
const upgrade = (model: string): WaitingDeployment => ({ model, isUpgrade: true });
const broken = Array.from({ length: 200 }, (_, index) => first(`broken-${index}`));

/** The models in the order in which they get their turns. */
function served(waiting: readonly WaitingDeployment[]): readonly string[] {
  return fairOrder()
    .upcoming(waiting)
    .map(({ model }) => model);
}

describe('a fair order', () => {
  it('lets upgrades of live models go before first versions', () => {
    expect(served([first('a'), upgrade('live'), first('b')])[0]).toBe('live');
  });

  it('lets a model go before one that has had more turns', () => {
    // Neither the oldest nor the newest, whose turns come anyway.
    const many = Array.from({ length: 10 }, () => first('many'));

    expect(served([...many, first('other'), ...many]).indexOf('other')).toBe(1);
  });

  it('lets a good model wait for one broken one of two hundred', () => {
    expect(served([...broken, first('good')]).indexOf('good')).toBe(1);
  });

  it('starves nobody: the oldest get every other turn', () => {
    expect(served(broken).filter((_, turn) => turn % 2 === 0)).toEqual(
      broken.slice(0, 100).map(({ model }) => model),
    );
  });

  it('gives each its turn once, the first of its sorted ones first', () => {
    const waiting = [...broken.slice(0, 9), upgrade('x'), first('broken-3'), upgrade('x')];
    const order = fairOrder();
    const foreseen = order.upcoming(waiting);
    let left: readonly WaitingDeployment[] = waiting;

    const inTurn = waiting.map(() => {
      const [next] = order.sorted(left);
      left = left.filter((each) => each !== next);
      if (next) order.begun(next, left.length);
      return next;
    });

    expect(inTurn).toEqual(foreseen);
    expect(new Set(foreseen).size).toBe(waiting.length);
  });

  it('forgets who had turns once nobody waits', () => {
    const order = fairOrder();
    order.begun(first('a'), 1);
    expect(order.next([first('a'), first('b')])?.model).toBe('b');

    order.begun(first('a'), 0);

    expect(order.next([first('a'), first('b')])?.model).toBe('a');
  });
});

it('tasks run fairly where only so many may at once, and each is told its place to come', async () => {
  const inTurn = fairlyAtOnce(1);
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  const places = new Map<string, number | null>();
  const begin = (who: WaitingDeployment) =>
    inTurn(
      who,
      async () => void seen.push(who.model),
      undefined,
      (place) => void places.set(who.model, place),
    );

  const busy = inTurn(first('busy'), () => gate.promise);
  const all = [...broken, first('good'), upgrade('live')].map(begin);
  expect([places.get('live'), places.get('good'), places.get('broken-199')]).toEqual([1, 3, 5]);
  gate.resolve();
  await Promise.all([busy, ...all]);

  expect(seen.indexOf('live')).toBe(0);
  expect(seen.indexOf('good')).toBe(2);
  expect(seen).toHaveLength(202);
});
