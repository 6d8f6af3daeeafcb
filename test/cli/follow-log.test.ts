import { followLog, newLines } from '../../src/cli/follow-log.ts';

const log = (...lines: readonly string[]) => ({ revision: 'iris-v1', lines });

describe('what a log has that it had not before', () => {
  it.each([
    { says: 'nothing', before: log('a', 'b'), now: log('a', 'b'), are: [] },
    { says: 'what was added', before: log('a'), now: log('a', 'b', 'c'), are: ['b', 'c'] },
    { says: 'all after none', before: log(), now: log('a'), are: ['a'] },
    { says: 'the same line again', before: log('a'), now: log('a', 'a'), are: ['a'] },
    { says: 'what came as others left', before: log('a', 'b'), now: log('b', 'c'), are: ['c'] },
    { says: 'all where none is known', before: log('a'), now: log('x', 'y'), are: ['x', 'y'] },
    {
      says: 'what stands between others',
      before: log('live', 'a', 'build', 'x'),
      now: log('live', 'a', 'b', 'build', 'x', 'y'),
      are: ['b', 'y'],
    },
    {
      says: 'all of another revision',
      before: log('is ready'),
      now: { revision: 'iris-v2', lines: ['is ready'] },
      are: ['is ready'],
    },
  ])('is $says', ({ before, now, are }) => {
    expect(newLines(before, now)).toEqual(are);
  });
});

it('following a log tells first what is there, nothing of nothing new, and rests longer where a look takes long', async () => {
  const looks = [log(), log(), log('one'), log('one', 'two')];
  const rests: number[] = [];
  const logs = async () => looks.shift() ?? log('one', 'two');

  const told: (readonly string[])[] = [];
  for await (const { lines } of followLog(logs, async (ms) => void rests.push(ms))) {
    told.push(lines);
    if (told.length === 3) break;
  }

  expect(told).toEqual([[], ['one'], ['two']]);
  expect(rests.every((ms) => ms >= 1000)).toBe(true);
});
