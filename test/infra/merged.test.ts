import { createRequire } from 'node:module';

const { merged } = createRequire(import.meta.url)('../../infra/merged.cjs');

const allow = (Action: readonly string[], Resource: readonly unknown[], more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});
const IF = { Condition: { StringEquals: { 'aws:ResourceTag/stage': 'dev' } } };

describe('statements of a policy', () => {
  it('on the same resources become one with the actions of all, each once', () => {
    const statements = [allow(['s3:Get', 's3:Put'], ['a']), allow(['s3:Put', 's3:List'], ['a'])];

    expect(merged(statements)).toEqual([allow(['s3:Get', 's3:Put', 's3:List'], ['a'])]);
  });

  it('of the same actions become one on the resources of all, each once', () => {
    const ref = { 'Fn::Sub': 'b' };
    const statements = [allow(['s3:Get'], ['a', ref]), allow(['s3:Get'], [{ ...ref }, 'c'])];

    expect(merged(statements)).toEqual([allow(['s3:Get'], ['a', ref, 'c'])]);
  });

  it('become one on all their resources where that allows no more than they did', () => {
    const statements = [
      allow(['s3:Get'], ['a']),
      allow(['s3:Get'], ['b']),
      allow(['s3:Put'], ['a']),
      allow(['s3:Put'], ['b']),
    ];

    expect(merged(statements)).toEqual([allow(['s3:Get', 's3:Put'], ['a', 'b'])]);
  });

  it('of the same actions become one on the partitions of all, but not with those that have another condition', () => {
    const inPartition = (...keys: readonly string[]) => ({
      Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } },
    });
    const query = (more: object) => allow(['dynamodb:Query'], ['table'], more);
    const others = [
      query({}),
      query(IF),
      query({ Condition: { ...inPartition('D').Condition, ...IF.Condition } }),
      allow(['dynamodb:GetItem'], ['table'], inPartition('E')),
    ];

    expect(merged([query(inPartition('A', 'B')), ...others, query(inPartition('B', 'C'))])).toEqual(
      [query(inPartition('A', 'B', 'C')), ...others],
    );
  });

  it('stay apart where they differ in both, or in what they are for', () => {
    const statements = [
      allow(['s3:Get'], ['a']),
      allow(['s3:Put'], ['b']),
      allow(['s3:Get'], ['a'], IF),
      { ...allow(['s3:Get'], ['a']), Effect: 'Deny' },
    ];

    expect(merged(statements)).toEqual(statements);
  });
});
