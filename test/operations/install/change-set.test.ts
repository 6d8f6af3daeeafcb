import { changeLines } from '#operations/install/change-set.ts';
import { isMade, readConditions } from '#operations/install/conditions.ts';

describe('the changes of a deploy', () => {
  it('are counted by kind, and what goes is named', () => {
    const lines = changeLines([
      { action: 'changes', id: 'A', type: 'AWS::Lambda::Function' },
      { action: 'changes', id: 'B', type: 'AWS::Lambda::Function' },
      { action: 'changes', id: 'C', type: 'AWS::IAM::Role' },
      { action: 'replaces', id: 'Registry', type: 'AWS::DynamoDB::Table' },
    ]);

    expect(lines).toEqual([
      'changes 3 resources: 2 Lambda::Function, IAM::Role',
      'replaces 1 resource: DynamoDB::Table',
      '  replaces Registry (AWS::DynamoDB::Table)',
    ]);
  });

  it('may be none', () => {
    expect(changeLines([])).toEqual(['changes nothing in the stack']);
  });
});

describe('the conditions of a template', () => {
  it('hold by its parameters', () => {
    const conditions = {
      Has: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'Containers' }, 'off'] }] },
      IsPublic: { 'Fn::Equals': [{ Ref: 'Containers' }, 'public'] },
      Either: { 'Fn::Or': [{ Condition: 'IsPublic' }, { 'Fn::Equals': [{ Ref: 'X' }, 'a'] }] },
      Both: { 'Fn::And': [{ Condition: 'Has' }, { Condition: 'IsPublic' }] },
    };

    const holds = readConditions(conditions, { Containers: 'isolated', X: 'a' });

    expect(Object.fromEntries(holds)).toEqual({
      ...{ Has: true, IsPublic: false, Either: true, Both: false },
    });
    expect([isMade('Has', holds), isMade('IsPublic', holds), isMade(undefined, holds)]).toEqual([
      ...[true, false, true],
    ]);
  });

  it('are refused where they are of a kind that is not known', () => {
    expect(() => readConditions({ Odd: { 'Fn::Odd': [] } }, {})).toThrow(
      'Fn::Odd is not a function of conditions',
    );
  });
});
